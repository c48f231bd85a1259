/**
 * Why restic failed. From 0.17 on exit codes tell some causes; older versions tell them by their words alone, and every
 * version does so for the causes that lie in the backend. Pure.
 */
import { assertNever, ERRORS, type ErrorCode, UserError } from "../../shared/errors.ts";
import type { ResticExit } from "./run.ts";

interface WordRule {
  readonly code: ErrorCode;
  readonly words: RegExp;
}

/**
 * First match wins, so what names a cause exactly stands before what may be a consequence of it: a backend that can't be
 * reached also makes restic ask "Is there a repository at the following location?".
 */
const WORD_RULES: readonly WordRule[] = [
  { code: "REPOSITORY_WRONG_PASSWORD", words: /wrong password or no key found/i },
  {
    code: "REPOSITORY_LOCKED",
    words: /repository is already locked|unable to create lock in backend: .*already locked/i,
  },
  { code: "NO_SPACE", words: /no space left on device|disk quota exceeded|insufficient storage|XMinioStorageFull/i },
  {
    code: "BACKEND_CERTIFICATE",
    words:
      /x509:|certificate signed by unknown authority|certificate is not trusted|tls: failed to verify|certificate has expired/i,
  },
  {
    code: "BACKEND_UNREACHABLE",
    words:
      /connection refused|no such host|i\/o timeout|network is unreachable|no route to host|connection reset by peer|TLS handshake timeout|server misbehaving|temporary failure in name resolution|context deadline exceeded|EOF while|server gave HTTP response to HTTPS client|http: server closed|connection closed by foreign host|unexpected HTTP response \((429|5\d\d)\)|\b50[234] |reduce your request rate|slow ?down|too many requests|(server|service) (is )?(temporarily |currently )?(unavailable|busy)|rateLimitExceeded|operation ?timed ?out/i,
  },
  {
    code: "BACKEND_REFUSED",
    words:
      /access ?denied|invalidaccesskeyid|signaturedoesnotmatch|authorizationheadermalformed|access key id you provided|\b40[13] (unauthorized|forbidden)|unexpected HTTP response \(40[13]\)|authentication ?failed|invalid_grant|could not find default credentials|unauthorized|no valid credential/i,
  },
  {
    code: "REPOSITORY_DAMAGED",
    words:
      /Load(?:Raw)?\(<(data|index|snapshot|key)\/[^>]*>.*(no such file or directory|does not exist|not found|(?:HTTP|response|status|StatusCode)\W{0,3}(?:code)?\W{0,3}404\b)|has zero size, invalid repository|ciphertext verification failed|invalid data returned|repository contains errors|LoadIndex returned errors|repository index is damaged|pack .* (not found|damaged)|blob .* not found|tree .* not found|hash mismatch|config or key .* is damaged|config cannot be loaded|invalid character .* looking for|unsupported repository version|number of used blobs is larger/i,
  },
  { code: "REPOSITORY_READ_ONLY", words: /read-only file system/i },
  {
    code: "REPOSITORY_NOT_FOUND",
    words:
      /unable to open config file: .*(no such file or directory|does not exist|not ?found|404)|repository does not exist|is there a repository at the following location/i,
  },
  { code: "REPOSITORY_READ_ONLY", words: /permission denied|operation not permitted/i },
  { code: "SNAPSHOT_NOT_FOUND", words: /no (matching )?snapshot|snapshot .* not found|no matching ID found/i },
  { code: "RESTIC_KILLED", words: /cannot allocate memory|out of memory|signal: killed/i },
];

/** Exit codes that mean one thing in every version that gives them (0.17 and later). */
const EXIT_CODES: Readonly<Record<number, ErrorCode>> = {
  10: "REPOSITORY_NOT_FOUND",
  11: "REPOSITORY_LOCKED",
  12: "REPOSITORY_WRONG_PASSWORD",
  130: "RESTIC_KILLED",
};

/** restic's way to say that no file could be read, or only some. */
export const PARTIAL_EXIT_CODE = 3;

/** restic's words while it tries again, up to a quarter of an hour: what it asks for, and why it did not get it. */
const RETRYING = /^(.*?) returned error, retrying after [^:]*: (.*)$/;
/** Faults that no repetition cures. restic itself gives them up from 0.17 on. */
const PERMANENT =
  /no space left on device|disk quota exceeded|permission denied|read-only file system|operation not permitted|access ?denied|invalidaccesskeyid|signaturedoesnotmatch|x509:|no such file or directory|does not exist|not found|unexpected HTTP response \(404\)/i;

/** Whether restic says that it tries again. */
export function isRetry(line: string): boolean {
  return RETRYING.test(line);
}

/** What restic asks for in vain, for a reason that can't pass; undefined when the line says nothing of the kind. */
export function hopelessRequest(line: string): string | undefined {
  const [, request, why = ""] = RETRYING.exec(line) ?? [];
  return PERMANENT.test(why) ? request : undefined;
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

function codeOfWords(lines: readonly string[]): ErrorCode | undefined {
  const words = lines.join("\n");
  return WORD_RULES.find((rule) => rule.words.test(words))?.code;
}

function codeOf(exit: ResticExit): ErrorCode {
  switch (exit.stopped) {
    case "abort":
      return "RESTIC_KILLED";
    case "time":
      // What it tried again until then is the cause.
      return codeOfWords(exit.tail.filter(isRetry)) ?? "RESTIC_TIMEOUT";
    case "stall":
      return "RESTIC_STALLED";
    case "hopeless":
      return codeOfWords(exit.tail.filter((line) => !SAID_AT_OUR_END.test(line))) ?? "RESTIC_FAILED";
    case undefined:
      if (exit.signal !== undefined) return "RESTIC_KILLED";
      return (exit.code === undefined ? undefined : EXIT_CODES[exit.code]) ?? codeOfWords(exit.tail) ?? "RESTIC_FAILED";
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
