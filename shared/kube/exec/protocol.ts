/** What the messages of an exec connection mean (v4.channel.k8s.io and v5.channel.k8s.io). Pure. */
import { listAt, parseJson, textAt } from "../../json/value.ts";

/** Newest first; API servers since 1.20 know v4. Both number their channels alike. */
export const EXEC_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const;

/** First byte of each message. */
export const ExecChannel = { Stdout: 1, Stderr: 2, Status: 3 } as const;

/** How the command ended, as the kubelet says on the status channel. */
export type ExecEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  /** The command could not be run: no such program, no such container. */
  | { readonly kind: "notRun"; readonly detail: string };

/** Reads the Status of the last message. */
export function parseExecEnd(text: string): ExecEnd {
  const status = parseJson(text);
  if (textAt(status, "status") === "Success") return { kind: "exited", exitCode: 0 };
  const causes = listAt(status, "details", "causes");
  const code = Number(
    textAt(
      causes.find((cause) => textAt(cause, "reason") === "ExitCode"),
      "message",
    ),
  );
  if (Number.isInteger(code) && code > 0) return { kind: "exited", exitCode: code };
  return { kind: "notRun", detail: textAt(status, "message") ?? text.slice(0, 500) };
}
