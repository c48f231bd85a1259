/**
 * Why restic failed. From 0.17 on exit codes tell some causes; older versions tell them by their words alone, and every
 * version does so for the causes that lie in the backend. Pure.
 */
import { assertNever, ERRORS, type ErrorCode, UserError } from "../../shared/errors.ts";
import type { ResticExit } from "./run.ts";
import { codeOfWords, isLasting } from "./word-rules.ts";

/** Exit codes that mean one thing in every version that gives them (0.17 and later). */
const EXIT_CODES: Readonly<Record<number, ErrorCode>> = {
  10: "REPOSITORY_NOT_FOUND",
  11: "REPOSITORY_LOCKED",
  12: "REPOSITORY_WRONG_PASSWORD",
  130: "RESTIC_KILLED",
};

/** What an exit code alone tells; undefined where it tells nothing, or restic is older than 0.17. */
export function codeOfExit(code: number): ErrorCode | undefined {
  return EXIT_CODES[code];
}

/** restic's way to say that no file could be read, or only some. */
export const PARTIAL_EXIT_CODE = 3;

/** restic's words while it tries again, up to a quarter of an hour: what it asks for, and why it did not get it. */
const RETRYING = /^(.*?) returned error, retrying after [^:]*: (.*)$/;

/** Whether restic says that it tries again. */
export function isRetry(line: string): boolean {
  return RETRYING.test(line);
}

/** What restic asks for in vain, for a reason that can't pass; undefined when the line says nothing of the kind. */
export function hopelessRequest(line: string): string | undefined {
  const [, request, why = ""] = RETRYING.exec(line) ?? [];
  return isLasting(why) ? request : undefined;
}

const NOISE =
  /^(Warning: at least one source file could not be read|the `unlock` command can be used|Is there a repository at)/;
const MESSAGE_LENGTH = 1_000;

/** What restic says because it was ended, which is no finding of its own: a missing repository above all. */
const SAID_AT_OUR_END = /context canceled|^Is there a repository at|signal \w+ received, cleaning up/;

/** restic's own words for people: the fatal lines when there are any, else the last ones. */
export function resticWords(exit: ResticExit): string {
  const own = exit.stopped === undefined ? exit.tail : exit.tail.filter((line) => !SAID_AT_OUR_END.test(line));
  // Of its tries the last one counts, where nothing came of it.
  const last = exit.stopped === undefined ? own.at(-1) : own.findLast(isRetry);
  const heard = own.filter((line, at) => !isRetry(line) || (line === last && at === own.lastIndexOf(line)));
  const fatal = heard.findIndex((line) => line.startsWith("Fatal:"));
  const lines = (fatal >= 0 ? heard.slice(fatal) : heard.slice(-5)).filter((line) => !NOISE.test(line));
  return lines.join("; ").slice(0, MESSAGE_LENGTH);
}

/** What a restore says about a single file, whose name may hold any words. */
const OF_A_FILE = /^ignoring error for /;

/** @param last the last try counts before other words, since restic was ended in the middle of it */
function codeOfLast(tail: readonly string[], last: "try" | "words"): ErrorCode | undefined {
  const tries = tail.findLast(isRetry);
  const byTry = tries === undefined ? undefined : codeOfWords([tries]);
  // What it tried again before is no cause: it came to something, or its end is told in the last words too.
  const byWords = codeOfWords(tail.filter((line) => !isRetry(line) && !OF_A_FILE.test(line)));
  return last === "try" ? (byTry ?? byWords) : (byWords ?? byTry);
}

function codeOf(exit: ResticExit): ErrorCode {
  switch (exit.stopped) {
    case "abort":
      return "RESTIC_KILLED";
    case "time":
      // What it tried again until then is the cause.
      return codeOfLast(exit.tail.filter(isRetry), "try") ?? "RESTIC_TIMEOUT";
    case "stall":
      return "RESTIC_STALLED";
    case "hopeless":
      return (
        codeOfLast(
          exit.tail.filter((line) => !SAID_AT_OUR_END.test(line)),
          "try",
        ) ?? "RESTIC_FAILED"
      );
    case undefined:
      if (exit.signal !== undefined) return "RESTIC_KILLED";
      return (
        (exit.code === undefined ? undefined : codeOfExit(exit.code)) ??
        codeOfLast(exit.tail, "words") ??
        "RESTIC_FAILED"
      );
    default:
      return assertNever(exit.stopped);
  }
}

/**
 * The error of a restic that did not succeed.
 *
 * @param what what it was for, such as `backup of /data`
 */
export function resticFault(what: string, exit: ResticExit): UserError {
  const code = codeOf(exit);
  const ended =
    exit.stopped === "stall"
      ? "it stood still and was ended"
      : exit.stopped === "time"
        ? "it did not end in time"
        : exit.stopped === "hopeless"
          ? "it tried again in vain"
          : exit.signal !== undefined
            ? `it was ended by ${exit.signal}`
            : `it ended with exit code ${exit.code}`;
  const words = resticWords(exit);
  return new UserError(code, `${what}: ${ERRORS[code].meaning} ${words === "" ? `(${ended})` : words}`);
}

/** The text with every secret replaced. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
}
