/** What an answer of the program means: its own, or that of a proxy before it. Pure. */
import type { Reply } from "./wire/envelope.ts";

export type Answer<Value> =
  | { readonly kind: "good"; readonly value: Value }
  | {
      readonly kind: "bad";
      readonly message: string;
      readonly next: string;
      /** Nobody knows any more who asks. */
      readonly isSignedOut?: boolean;
    };

export const SIGNED_OUT = {
  kind: "bad",
  message: "you are not signed in any more",
  next: "load the page again; an address of `kubectl stash ui` signs in once, so start that again",
  isSignedOut: true,
} as const;

export const SILENT = {
  kind: "bad",
  message: "the program does not answer",
  next: "see that `kubectl stash ui` still runs, or load the page again",
} as const;

export interface Response {
  readonly status: number;
  /** Of fetch: a redirect, that is not followed, is `opaqueredirect`. */
  readonly type: string;
  readonly text: string;
}

/** Never throws. Proxies lead elsewhere to sign in, or refuse in words of their own. */
export function readAnswer<Value>({ status, type, text }: Response): Answer<Value> {
  if (type === "opaqueredirect" || status === 401) return SIGNED_OUT;
  const reply = parseReply<Value>(text);
  if (reply === undefined) return status === 403 ? SIGNED_OUT : SILENT;
  if ("value" in reply) return { kind: "good", value: reply.value };
  const { code, message, next } = reply.error;
  return { kind: "bad", message: `${code}: ${message}`, next };
}

function parseReply<Value>(text: string): Reply<Value> | undefined {
  try {
    const reply: Reply<Value> | null = JSON.parse(text);
    return typeof reply === "object" && reply !== null && ("value" in reply || "error" in reply) ? reply : undefined;
  } catch {
    return undefined;
  }
}
