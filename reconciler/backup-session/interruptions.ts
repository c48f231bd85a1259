/** Rows that end what runs: the deadline, an invoker that goes away, a repository that can't be opened. Pure. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import { type ErrorCode, isErrorCode } from "../../shared/errors.ts";
import { formatInvoker } from "../../shared/invoker.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalTargetPhase } from "../../shared/status/backup-phase.ts";
import { findCondition, formatTime, hasCondition, isConditionFalse } from "../../shared/status/conditions.ts";
import { hostFailure, isAssigned, isOpenHost } from "../run/entries.ts";
import { isQuiet, isRefused, isStarted } from "../run/settled.ts";
import { withSessionCondition, withTarget } from "./change.ts";
import { withEverythingFailed, withRefusal } from "./give-up.ts";
import { abortBeforeHooks, BACKUP_WORDS, runFacts } from "./run-rows.ts";
import { isBegun } from "./start.ts";
import type { Row, Step } from "./step.ts";
import { hostsOf, type SessionStatus, type SessionView, targetsOf } from "./view.ts";

/** Whether every target is over. */
export function areTargetsFinal(status: SessionStatus): boolean {
  return targetsOf(status).every((target) => target.phase !== undefined && isFinalTargetPhase(target.phase));
}

/** Whether data may still be read: a host has not ended or a target has not started. */
function isWorkLeft(view: SessionView, status: SessionStatus): boolean {
  return targetsOf(status).some(
    (target) => !isQuiet(runFacts(view), target) && (!isStarted(target) || hostsOf(target).some(isOpenHost)),
  );
}

export const deadline: Row = {
  name: "deadline passed",
  next(view, status, now): Step | undefined {
    const { sessionDeadline } = status;
    if (sessionDeadline === undefined || now.getTime() < Date.parse(sessionDeadline)) return undefined;
    if (!isBegun(status) || hasCondition(status.conditions, ConditionType.DeadlineExceeded)) return undefined;
    if (!isWorkLeft(view, status)) return undefined;
    const message = `the session did not end before ${sessionDeadline}`;
    const failed = withEverythingFailed(status, "DEADLINE_EXCEEDED", message, now);
    return {
      status: withSessionCondition(
        failed,
        { type: ConditionType.DeadlineExceeded, status: "True", reason: "FailedToCompleteWithinDeadline", message },
        now,
      ),
      actions: abortBeforeHooks(view, status),
    };
  },
};

export const invokerGone: Row = {
  name: "invoker went away",
  next(view, status, now): Step | undefined {
    const isThere = view.invokerProblem !== undefined || view.invoker?.view.isBeingDeleted === false;
    if (!isBegun(status) || isThere) return undefined;
    if (!isWorkLeft(view, status)) return undefined;
    const { kind = "", name = "" } = view.session.spec.invoker ?? {};
    const what = formatInvoker({ kind, namespace: view.session.metadata.namespace, name });
    return {
      status: withEverythingFailed(status, "NOT_FOUND", `InvokerNotFound: ${what} was deleted`, now),
      actions: abortBeforeHooks(view, status),
    };
  },
};

/** A host that was to open the repository says itself how that went; no other has begun, and none will. */
function waitsForRepository(host: HostStats): boolean {
  return isOpenHost(host) && !(isAssigned(host) && (host.actions ?? []).includes("InitializeBackendRepository"));
}

export const repositoryRefused: Row = {
  name: "repository can't be opened",
  next(_view, status, now): Step | undefined {
    if (!isConditionFalse(status.conditions, ConditionType.BackendRepositoryInitialized)) return undefined;
    const condition = findCondition(status.conditions, ConditionType.BackendRepositoryInitialized);
    const { code, message } = splitCode(condition?.message ?? "the repository could not be opened");
    for (const [index, target] of targetsOf(status).entries()) {
      if (!isStarted(target) && !isRefused(BACKUP_WORDS, target)) {
        return { status: withTarget(status, index, (old) => withRefusal(old, code, message, now)) };
      }
      if (hostsOf(target).some(waitsForRepository)) {
        const failure = hostFailure(code, message, formatTime(now));
        return {
          status: withTarget(status, index, (old) => ({
            ...old,
            stats: hostsOf(old).map((host) => (waitsForRepository(host) ? { ...host, ...failure } : host)),
          })),
        };
      }
    }
    return undefined;
  },
};

/** Takes the error code off a condition's message. */
function splitCode(text: string): { readonly code: ErrorCode; readonly message: string } {
  const [, word = "", message = text] = /^([A-Z_]+): (.*)$/s.exec(text) ?? [];
  return isErrorCode(word) ? { code: word, message } : { code: "RESTIC_FAILED", message: text };
}
