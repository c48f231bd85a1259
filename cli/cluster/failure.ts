/** What a failed call means to the person who typed the command. */
import { ApiException } from "@kubernetes/client-node";
import { APPLY_DEFINITIONS } from "../../shared/definitions/fault.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { ConnectionFault, KubeError, kubeErrorOfAnswer } from "../../shared/kube/client/error.ts";
import { buildMissingRight, type MissingRight } from "./missing-right.ts";

export interface FailedCall {
  readonly action: string;
  readonly address: string;
  /** What the call needs. */
  readonly right?: MissingRight;
}

/** A KubeError where the API server answered, a UserError with a next step where a person can mend it. */
export function explainFailure(thrown: unknown, { action, address, right }: FailedCall): Error {
  if (thrown instanceof UserError || thrown instanceof KubeError) return thrown;
  if (!(thrown instanceof ApiException)) return explainSilence(thrown, address);
  const body: unknown = thrown.body;
  const text = typeof body === "string" ? body : JSON.stringify(body ?? thrown.message);
  const error = kubeErrorOfAnswer(action, thrown.code, text, thrown.headers["retry-after"]);
  if (error.status === 401) {
    return new UserError("API_FORBIDDEN", `the API server at ${address} does not know who you are: ${error.detail}`, {
      next: "look at the user of the kubeconfig's context: its token or certificate may have ended",
      cause: error,
    });
  }
  // A create is refused with 400, a patch with 422.
  if (error.status !== 403 && error.detail.includes("strict decoding error")) {
    const words = /strict decoding error: .*/s.exec(error.detail)?.[0] ?? error.detail;
    return new UserError(
      "INVALID_OBJECT",
      `nothing was written, since the cluster's definition does not know all of it: ${words}`,
      {
        next: `${APPLY_DEFINITIONS}; kubectl stash doctor tells which are older`,
        cause: error,
      },
    );
  }
  if (error.status === 403 && right !== undefined && isLackOfRights(error)) return buildMissingRight(error, right);
  return error;
}

/** A webhook or a policy refuses with the same number, and for other reasons. */
function isLackOfRights({ detail }: KubeError): boolean {
  return / cannot /.test(detail) && !/admission webhook|ValidatingAdmissionPolicy/.test(detail);
}

function explainSilence(thrown: unknown, address: string): Error {
  const cause = rootOf(thrown);
  const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
  const reason = isTimeout ? `no answer (${ConnectionFault.TimedOut})` : messageOf(cause) || codeOf(cause);
  return new UserError("API_UNAVAILABLE", `the API server at ${address} can't be reached: ${reason}`, {
    next: "see that the cluster runs, and that --kubeconfig and --context name the right one",
    cause: thrown,
  });
}

/** `fetch failed` says nothing: what happened stands below it. */
function rootOf(thrown: unknown): unknown {
  let at = thrown;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  if (at instanceof AggregateError && at.errors.length > 0) return at.errors[0];
  return at;
}

function codeOf(thrown: unknown): string {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : "no reason given";
}
