/** The last rows: history, the end, and the session that tries again. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { isGoodPoint } from "../../shared/status/saved-data.ts";
import { firstPast, formatTime, pastMs } from "../../shared/timestamps.ts";
import { areTargetsOver, isBegun } from "../run/completion.ts";
import { isRecorded, withEnd } from "../run/ended.ts";
import { withEntryCondition } from "../run/entries.ts";
import { runFailure } from "../run/outcome.ts";
import { createdAtMs, isDeleted } from "../run/view.ts";
import { BACKUP_WORDS, isRetryToFollow } from "./facts.ts";
import { isSkipped } from "./start.ts";
import type { Action, Row, Step } from "./step.ts";
import { tellUnreadFiles } from "./unreadable.ts";
import type { SessionStatus, SessionView, SiblingSession } from "./view.ts";

function newestFirst(a: SiblingSession, b: SiblingSession): number {
  return b.createdAtMs - a.createdAtMs || (a.name < b.name ? 1 : -1);
}

/**
 * Names of the sessions that go: beyond the limit (the one that ends now counts), ended, and not the newest one that ran
 * to an end. With a limit of 0 that one goes too.
 *
 * @param self the session that ends now; it is never among those that go
 */
export function sessionsToDelete(
  self: SiblingSession,
  siblings: readonly SiblingSession[],
  limit: number,
): readonly string[] {
  const all = [self, ...siblings].sort(newestFirst);
  const kept = limit <= 0 ? undefined : all.find(({ phase }) => phase === "Succeeded" || phase === "Failed");
  return all
    .slice(Math.max(0, limit))
    .filter((session) => session !== kept && session !== self)
    .filter(({ phase }) => isFinalSessionPhase(phase) || phase === "Unknown")
    .map(({ name }) => name);
}

function isDone(status: SessionStatus): boolean {
  return isSkipped(status) || (isBegun(status) && areTargetsOver(status));
}

/** A session that waits to be tried again, and those that a retry came from, are kept like any other. */
export const history: Row = {
  name: "history",
  next(view, status, now): Step | undefined {
    if (
      !isDone(status) ||
      isDeleted(view.object) ||
      hasCondition(status.conditions, ConditionType.BackupHistoryCleaned)
    )
      return undefined;
    const self: SiblingSession = {
      name: view.object.metadata.name,
      createdAtMs: createdAtMs(view),
      phase: isSkipped(status) ? "Skipped" : runFailure(BACKUP_WORDS, status) === undefined ? "Succeeded" : "Failed",
      isStarted: isBegun(status),
      retryOf: view.object.spec.retryOf,
    };
    const names =
      view.invoker === undefined ? [] : sessionsToDelete(self, view.siblings, view.invoker.view.historyLimit);
    if (names.length > 0 && view.cleanup === undefined) {
      return { actions: [{ kind: "DeleteSessions", names }], isEnd: true };
    }
    const error = view.cleanup?.error;
    return {
      status: withEntryCondition(
        status,
        {
          type: ConditionType.BackupHistoryCleaned,
          status: error === undefined ? "True" : "False",
          reason: error === undefined ? "SuccessfullyCleanedBackupHistory" : "FailedToCleanBackupHistory",
          message: error ?? "old sessions beyond backupHistoryLimit are gone",
        },
        now,
      ),
    };
  },
};

/** The mark that everything is recorded; phase, duration and the time of a retry go with it. */
export const finish: Row = {
  name: "final",
  next(view, status, now): Step | undefined {
    if (isSkipped(status) || !isDone(status) || isRecorded(status)) return undefined;
    const retry = view.invoker?.view.retry;
    const willRetry =
      runFailure(BACKUP_WORDS, status) !== undefined && retry !== undefined && isRetryToFollow(view, status);
    const nextRetry = willRetry ? formatTime(new Date(now.getTime() + retry.delayMs)) : undefined;
    const told = tellUnreadFiles(view, { ...status, ...(nextRetry !== undefined && { nextRetry }) }, now);
    return {
      status: withEnd(view, told.status, now),
      actions: told.actions,
    };
  },
};

/** What a session that left a good point is still to tell others; nothing when they know. Its hooks may have failed. */
function aftermath(view: SessionView, status: SessionStatus, now: Date): readonly Action[] {
  if (!isGoodPoint(status)) return [];
  const { metadata, spec } = view.object;
  const time = firstPast([spec.dueTime, metadata.creationTimestamp, status.completionTime], now);
  // By a clock that was ahead: when it was taken nobody knows, and it is news of nothing.
  if (time === undefined) return [];
  const known = pastMs(view.invoker?.lastRecoveryPoint, now);
  const isThere = view.invoker?.view.isBeingDeleted === false;
  const isNews = isThere && known < Date.parse(time);
  if (!isNews) return [];
  const { completionTime = time, unreadableFiles } = status;
  return [
    {
      kind: "RecordRecoveryPoint",
      session: metadata.name,
      time,
      ...(status.phase === "Succeeded" && { endedAt: completionTime }),
      ...(unreadableFiles !== undefined && { unreadableFiles }),
    },
  ];
}

/** A session that is final stays as it is; only the one that tries again may still have to be made. */
export const retry: Row = {
  name: "final already",
  next(view, status, now): Step | undefined {
    const isFinal = isFinalSessionPhase(status.phase);
    if (!isFinal || (isSkipped(status) && !hasCondition(status.conditions, ConditionType.BackupHistoryCleaned))) {
      return undefined;
    }
    const end: Step = { actions: aftermath(view, status, now), isEnd: true };
    if (status.phase === "Succeeded") return end;
    const { nextRetry } = status;
    const invoker = view.invoker?.view;
    const isOpen = status.phase === "Failed" && nextRetry !== undefined && status.retried !== true;
    if (!isOpen || view.object.spec.cancel === true) return end;
    if (view.siblings.some(({ retryOf }) => retryOf === view.object.metadata.name)) {
      return { ...end, status: { ...status, retried: true } };
    }
    const dueAtMs = Date.parse(nextRetry);
    if (now.getTime() < dueAtMs || invoker === undefined || invoker.isBeingDeleted) return end;
    const retryLeft = Math.max(0, (view.object.spec.retryLeft ?? 0) - 1);
    return { ...end, actions: [...(end.actions ?? []), { kind: "CreateRetry", dueAtMs, retryLeft }] };
  },
};
