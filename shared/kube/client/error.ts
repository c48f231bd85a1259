/** What a failed call to the API server was, in the server's words or those of the connection. */
import { UserError } from "../../errors.ts";
import { isJsonObject, listAt, numberAt, parseJson, textAt } from "../../json/value.ts";

/** One entry of a Status' `details.causes`. */
export interface StatusCause {
  readonly reason: string | undefined;
  readonly message: string | undefined;
  /** JSON path of the field that the cause is about. */
  readonly field: string | undefined;
}

/** Why there was no answer at all; used as `reason` beside the API server's own reasons. */
export const ConnectionFault = {
  /** No connection was made, so the server cannot have seen the request. */
  NotConnected: "NotConnected",
  /** The connection broke; the server may have handled the request. */
  ConnectionLost: "ConnectionLost",
  /** No answer within the time limit; the server may have handled the request. */
  TimedOut: "TimedOut",
} as const;
export type ConnectionFault = (typeof ConnectionFault)[keyof typeof ConnectionFault];

export interface KubeErrorFacts {
  /** What was tried on what, such as "get backupbatches.stash.appscode.com demo/nightly". */
  readonly action: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The Status' reason such as "NotFound", or a ConnectionFault. */
  readonly reason: string;
  /** The server's or the connection's own words. */
  readonly detail: string;
  readonly causes?: readonly StatusCause[];
  /** What the server asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([0, 408, 409, 410, 429, 500, 502, 503, 504]);

/** A call to the API server that failed. `retryable` says whether the same intent can succeed later without a change. */
export class KubeError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly detail: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterMs: number | undefined;
  readonly retryable: boolean;

  constructor(facts: KubeErrorFacts) {
    const how = facts.status === 0 ? facts.reason : `${facts.status} ${facts.reason}`;
    super(`${facts.action}: ${how}: ${facts.detail}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = "KubeError";
    this.status = facts.status;
    this.reason = facts.reason;
    this.detail = facts.detail;
    this.causes = facts.causes ?? [];
    this.retryAfterMs = facts.retryAfterMs;
    // The one 409 that a repetition cannot change: the name is taken.
    this.retryable = RETRYABLE_STATUSES.has(facts.status) && facts.reason !== "AlreadyExists";
  }
}

function readCauses(status: unknown): readonly StatusCause[] {
  return listAt(status, "details", "causes").map((cause) => ({
    reason: textAt(cause, "reason"),
    message: textAt(cause, "message"),
    field: textAt(cause, "field"),
  }));
}

/** Retry-After in whole seconds (the form that API servers send); undefined when absent or not understood. */
function readRetryAfterMs(header: string | undefined, status: unknown): number | undefined {
  const seconds = header === undefined ? numberAt(status, "details", "retryAfterSeconds") : Number(header);
  return seconds !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/**
 * Builds the error of a `Status` object, as an answer's body or a watch's ERROR event carries it.
 *
 * @param action what was tried
 * @param httpStatus of the answer; 0 when the Status came inside a watch, where its own `code` counts
 * @param status the parsed body; whatever a proxy may have sent instead is taken as text
 */
export function kubeErrorOf(action: string, httpStatus: number, status: unknown, retryAfter?: string): KubeError {
  const code = httpStatus === 0 ? (numberAt(status, "code") ?? 500) : httpStatus;
  return new KubeError({
    action,
    status: code,
    reason: textAt(status, "reason") || `Http${code}`,
    detail: textAt(status, "message") ?? (typeof status === "string" ? status.slice(0, 500) : "no message"),
    causes: readCauses(status),
    retryAfterMs: readRetryAfterMs(retryAfter, status),
  });
}

/** Builds the error of an HTTP answer that is no success. */
export function kubeErrorOfAnswer(action: string, httpStatus: number, body: string, retryAfter?: string): KubeError {
  const parsed = parseJson(body);
  return kubeErrorOf(action, httpStatus, isJsonObject(parsed) ? parsed : body, retryAfter);
}

function hasStatus(thrown: unknown, status: number, ...reasons: readonly string[]): boolean {
  return (
    thrown instanceof KubeError && thrown.status === status && (reasons.length === 0 || reasons.includes(thrown.reason))
  );
}

/** The object (or the resource itself) is not there. */
export function isNotFound(thrown: unknown): boolean {
  return hasStatus(thrown, 404);
}

/** A create found the name taken. */
export function isAlreadyExists(thrown: unknown): boolean {
  return hasStatus(thrown, 409, "AlreadyExists");
}

/** A write was based on an object that changed in between: read again and decide anew. */
export function isConflict(thrown: unknown): boolean {
  return hasStatus(thrown, 409) && !isAlreadyExists(thrown);
}

/** The resource version is too old: list again. */
export function isExpired(thrown: unknown): boolean {
  return hasStatus(thrown, 410) || (thrown instanceof KubeError && thrown.reason === "Expired");
}

/** The API server refused for lack of rights. */
export function isForbidden(thrown: unknown): boolean {
  return hasStatus(thrown, 403) || hasStatus(thrown, 401);
}

/**
 * Nothing can be made in the namespace, because it is being deleted. There is nothing to do about it, and nothing to tell:
 * what is in it goes too.
 */
export function isNamespaceEnding(thrown: unknown): boolean {
  return hasStatus(thrown, 403) && thrown instanceof KubeError && thrown.causes.some(isEnding);
}

function isEnding({ reason }: StatusCause): boolean {
  return reason === "NamespaceTerminating";
}

/** The API server understood the object and found fields of it wrong; `causes` names them. */
export function isInvalid(thrown: unknown): boolean {
  return hasStatus(thrown, 422) || hasStatus(thrown, 400);
}

/** What is too large is answered with 413, or with 500 and the words of etcd or of the connection to it. */
const TOO_LARGE = /request is too large|message larger than max/i;

/** The API server takes no such content, now or later: fields of it are wrong, or it is too large. */
export function isRefused(thrown: unknown): thrown is KubeError {
  if (!(thrown instanceof KubeError)) return false;
  if (isInvalid(thrown) || thrown.status === 413) return true;
  return thrown.status === 500 && TOO_LARGE.test(thrown.detail);
}

/** The error as a user sees it. Anything that is no KubeError comes back as INTERNAL, a UserError as it is. */
export function toUserError(thrown: unknown): UserError {
  if (thrown instanceof UserError) return thrown;
  if (!(thrown instanceof KubeError)) {
    return new UserError("INTERNAL", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
  const options = { retry: thrown.retryable, cause: thrown };
  if (isForbidden(thrown)) return new UserError("API_FORBIDDEN", thrown.message, options);
  if (isNotFound(thrown)) return new UserError("NOT_FOUND", thrown.message, { cause: thrown });
  if (isInvalid(thrown)) return new UserError("INVALID_OBJECT", thrown.message, options);
  if (thrown.retryable) return new UserError("API_UNAVAILABLE", thrown.message, options);
  return new UserError("INTERNAL", thrown.message, options);
}
