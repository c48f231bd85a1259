/** Rows that end what runs: the deadline, a person, an invoker that goes away, a repository that can't be opened. Pure. */

import type { HostStats } from "../../shared/api/host-stats.ts";
import { type ErrorCode, isErrorCode } from "../../shared/errors.ts";
import { formatInvoker } from "../../shared/invoker/object.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, hasCondition, isConditionFalse } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { placeKey } from "../repository/identity.ts";
import { withDeadlineExceeded, withEverythingFailed, withRefusal } from "../run/abort.ts";
import { isBegun, isQuiet, isRefused, isStarted } from "../run/completion.ts";
import { hostFailure, isAssigned, isOpenHost } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { BACKUP_WORDS, runFacts } from "./facts.ts";
import type { Row, Step } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

/** Whether data may still be read: a host has not ended or a target has not started. */
function isWorkLeft(view: SessionView, status: SessionStatus): boolean {
  const facts = runFacts(view);
  return runTargets(status).some(
    (target) => !isQuiet(facts, target) && (!isStarted(target) || runHosts(target).some(isOpenHost)),
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
    return {
      status: withDeadlineExceeded(BACKUP_WORDS, status, message, now),
    };
  },
};

/** Nothing that a person asks for is begun after this; hooks whose before-hook has started follow as always. */
export const cancelled: Row = {
  name: "cancelled",
  next(view, status, now): Step | undefined {
    if (view.object.spec.cancel !== true || !isBegun(status) || !isWorkLeft(view, status)) return undefined;
    return {
      status: withEverythingFailed(BACKUP_WORDS, status, "CANCELLED", "spec.cancel of the session was set", now),
    };
  },
};

export const invokerGone: Row = {
  name: "invoker went away",
  next(view, status, now): Step | undefined {
    const isThere = view.invokerProblem !== undefined || view.invoker?.view.isBeingDeleted === false;
    if (!isBegun(status) || isThere) return undefined;
    if (!isWorkLeft(view, status)) return undefined;
    const { kind = "", name = "" } = view.object.spec.invoker ?? {};
    const what = formatInvoker({ kind, namespace: view.object.metadata.namespace, name });
    return {
      status: withEverythingFailed(BACKUP_WORDS, status, "NOT_FOUND", `InvokerNotFound: ${what} was deleted`, now),
    };
  },
};

/** Whether the Repository leads elsewhere now than when the session began. One that is gone has its own rows. */
function isRepositoryChanged({ repository }: SessionView, status: SessionStatus): boolean {
  if (repository === undefined || status.repository === undefined) return false;
  // What only says how it is reached, such as a limit of connections or the name of a Secret, leads nowhere else.
  return placeKey(repository.spec.backend ?? {}) !== placeKey(status.repository.backend ?? {});
}

/**
 * A session saves into one repository. What runs ends with the order that it has, and what has not begun fails: begun now it would
 * land in another one, and neither would hold the whole.
 */
export const repositoryChanged: Row = {
  name: "repository changed",
  next(view, status, now): Step | undefined {
    if (!isBegun(status) || !isRepositoryChanged(view, status)) return undefined;
    const { namespace, name } = { namespace: "", ...status.repository };
    const message = `the backend of Repository ${namespace}/${name} was changed after the session began`;
    const failure = hostFailure("INVALID_OBJECT", message, formatTime(now));
    const isWaiting = (host: HostStats) => isOpenHost(host) && host.phase !== "Running";
    const before = runTargets(status);
    const targets = before.map((target) => {
      if (!isStarted(target) && !isRefused(BACKUP_WORDS, target)) {
        return withRefusal(BACKUP_WORDS, target, "INVALID_OBJECT", message, now);
      }
      if (!runHosts(target).some(isWaiting)) return target;
      return { ...target, stats: runHosts(target).map((host) => (isWaiting(host) ? { ...host, ...failure } : host)) };
    });
    return targets.some((target, index) => target !== before[index]) ? { status: { ...status, targets } } : undefined;
  },
};

/** A host that was to open the repository says itself how that went, and so does one that has begun; no other will. */
function waitsForRepository(host: HostStats): boolean {
  return (
    isOpenHost(host) &&
    host.phase !== "Running" &&
    !(isAssigned(host) && (host.actions ?? []).includes("InitializeBackendRepository"))
  );
}

export const repositoryRefused: Row = {
  name: "repository can't be opened",
  next(_view, status, now): Step | undefined {
    if (!isConditionFalse(status.conditions, ConditionType.BackendRepositoryInitialized)) return undefined;
    const condition = findCondition(status.conditions, ConditionType.BackendRepositoryInitialized);
    const { code, message } = splitCode(condition?.message ?? "the repository could not be opened");
    const failure = hostFailure(code, message, formatTime(now));
    const before = runTargets(status);
    const targets = before.map((target) => {
      if (!isStarted(target) && !isRefused(BACKUP_WORDS, target)) {
        return withRefusal(BACKUP_WORDS, target, code, message, now);
      }
      if (!runHosts(target).some(waitsForRepository)) return target;
      const stats = runHosts(target).map((host) => (waitsForRepository(host) ? { ...host, ...failure } : host));
      return { ...target, stats };
    });
    return targets.some((target, index) => target !== before[index]) ? { status: { ...status, targets } } : undefined;
  },
};

/** Takes the error code off a condition's message. */
function splitCode(text: string): { readonly code: ErrorCode; readonly message: string } {
  const [, word = "", message = text] = /^([A-Z_]+): (.*)$/s.exec(text) ?? [];
  return isErrorCode(word) ? { code: word, message } : { code: "RESTIC_FAILED", message: text };
}
