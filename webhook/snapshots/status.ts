/** Refusals in the form that clients of Kubernetes know: a Status object. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";

/** Why a call is refused, with the words that clients of Kubernetes decide by. */
export const Refused = {
  BadRequest: { code: 400, reason: "BadRequest" },
  Unauthorized: { code: 401, reason: "Unauthorized" },
  Forbidden: { code: 403, reason: "Forbidden" },
  NotFound: { code: 404, reason: "NotFound" },
  MethodNotAllowed: { code: 405, reason: "MethodNotAllowed" },
  NotAcceptable: { code: 406, reason: "NotAcceptable" },
  Conflict: { code: 409, reason: "Conflict" },
  Expired: { code: 410, reason: "Expired" },
  UnsupportedMediaType: { code: 415, reason: "UnsupportedMediaType" },
  TooManyRequests: { code: 429, reason: "TooManyRequests" },
  InternalError: { code: 500, reason: "InternalError" },
  ServiceUnavailable: { code: 503, reason: "ServiceUnavailable" },
} as const;
export type Refused = keyof typeof Refused;

/** A call that gets no object. Thrown anywhere behind the listener, and answered as a Status. */
export class Refusal extends Error {
  readonly why: Refused;
  readonly snapshot: string | undefined;

  constructor(why: Refused, message: string, snapshot?: string) {
    super(message);
    this.name = "Refusal";
    this.why = why;
    this.snapshot = snapshot;
  }
}

/** Nobody reads more, and some of it is the caller's own text. */
const MAX_MESSAGE_LENGTH = 1_000;

export function formatStatus({ why, message, snapshot }: Refusal) {
  const { code, reason } = Refused[why];
  const { group, plural } = KINDS.Snapshot;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: message.slice(0, MAX_MESSAGE_LENGTH),
    reason,
    details: { ...(snapshot !== undefined && { name: snapshot }), group, kind: plural },
    code,
  };
}

export function notFound(name: string): Refusal {
  const { group, plural } = KINDS.Snapshot;
  return new Refusal("NotFound", `${plural}.${group} "${name}" not found`, name);
}
