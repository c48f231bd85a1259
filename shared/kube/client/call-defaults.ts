/** What a call takes where its options say nothing, and how its answer is read. */
import { parseJson } from "../../json/value.ts";
import { KubeError } from "./error.ts";
import type { CallOptions } from "./interface.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RETRIES = 4;

/** Fills in the options of a call. @param timeoutMs for kinds of calls that take longer than most */
export function callLimits(options: CallOptions, timeoutMs: number = DEFAULT_TIMEOUT_MS) {
  return {
    maxRetries: options.maxRetries ?? DEFAULT_MAX_RETRIES,
    timeoutMs: options.timeoutMs ?? timeoutMs,
    signal: options.signal,
  };
}

/** @throws KubeError NotJson when something else than an API server answered, a proxy's login page for example */
export function readAnswer(action: string, body: string): unknown {
  const value = parseJson(body);
  if (value !== undefined) return value;
  const detail = `the answer is no JSON: ${body.slice(0, 200)}`;
  throw new KubeError({ action, status: 200, reason: "NotJson", detail });
}
