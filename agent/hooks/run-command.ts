/** Runs a hook's command in the agent's own container. */
import { spawn } from "node:child_process";
import { messageOf } from "../../shared/errors.ts";
import { createBoundedText } from "../../shared/hooks/bounded-text.ts";
import { HookFailure } from "../../shared/hooks/failure.ts";

const TOLD_LENGTH = 500;

/**
 * @param command program and arguments; no shell is between
 * @returns what it printed, both streams together
 * @throws HookFailure when it can't be started or ends otherwise than with 0; the signal's reason when it is cut off
 */
export function runCommand(command: readonly string[], signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const [program, ...args] = command;
  if (program === undefined || program === "") throw new HookFailure("exec.command is empty", "");
  signal.throwIfAborted();
  // A group of its own, so that what the command starts ends with it.
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const kept = createBoundedText();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => kept.add(chunk));
  }
  const onAbort = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  child.once("error", (error) => reject(new HookFailure(`${program} can't be run: ${messageOf(error)}`, "")));
  child.once("close", (code, ended) => {
    const output = kept.text();
    if (code === 0) return resolve(output);
    const words = output.trim().slice(-TOLD_LENGTH);
    const how = ended === null ? `exit code ${code}` : `ended by ${ended}`;
    reject(new HookFailure(`${program}: ${how}${words === "" ? "" : `: ${words}`}`, output));
  });
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}
