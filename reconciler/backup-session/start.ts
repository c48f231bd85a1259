/** The first rows of the session table: whether the session runs at all, and what it starts with. Pure. */
import { Driver } from "../../shared/contract.ts";
import { formatInvoker } from "../../shared/invoker/object.ts";
import { ConditionType, SKIP_REASONS, type SkipReason } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { isBegun } from "../run/completion.ts";
import { withEntryCondition } from "../run/entries.ts";
import { createdAtMs } from "../run/view.ts";
import type { Row, Step } from "./step.ts";
import type { SessionStatus, SessionView, SiblingSession, TargetStatus } from "./view.ts";

/** How long a new session waits for the leader's controller of its invoker to see the invoker, before it is skipped. */
const INVOKER_GRACE_MS = 30_000;

export function isSkipped(status: SessionStatus): boolean {
  return isConditionTrue(status.conditions, ConditionType.BackupSkipped);
}

function isOlder(sibling: SiblingSession, view: SessionView): boolean {
  const created = createdAtMs(view);
  return sibling.createdAtMs < created || (sibling.createdAtMs === created && sibling.name < view.object.metadata.name);
}

/** The session that has the invoker: one that has started, else the oldest. */
function rivalOf(view: SessionView): SiblingSession | undefined {
  const open = view.siblings.filter((sibling) => !isFinalSessionPhase(sibling.phase));
  return open.find((sibling) => sibling.isStarted) ?? open.find((sibling) => isOlder(sibling, view));
}

/** First reason that applies, with its detail. */
function whyNotRun(view: SessionView): readonly [SkipReason, string] | undefined {
  const { invoker, object } = view;
  if (view.invokerProblem !== undefined) return ["InvokerNotReady", view.invokerProblem];
  if (invoker === undefined || invoker.view.isBeingDeleted) {
    const { kind = "BackupConfiguration", name = "" } = object.spec.invoker ?? {};
    const what = formatInvoker({ kind, namespace: object.metadata.namespace, name });
    return ["InvokerNotFound", `${what} ${invoker === undefined ? "does not exist" : "is being deleted"}`];
  }
  const { members, driver, repository } = invoker.view;
  if (members.length === 0) return ["NoMembers", formatInvoker(invoker.view)];
  if (invoker.phase !== "Ready") {
    return ["InvokerNotReady", invoker.message || `phase ${invoker.phase ?? "not known yet"}`];
  }
  if (driver === Driver.Restic && view.repository === undefined) {
    return ["InvokerNotReady", `Repository ${repository?.namespace ?? ""}/${repository?.name ?? ""} does not exist`];
  }
  const rival = rivalOf(view);
  if (rival !== undefined)
    return ["PreviousSessionRunning", `BackupSession ${rival.name}: ${rival.phase ?? "Pending"}`];
  for (const { ref } of members) {
    const restore = view.restoringTargets.get(targetKey(ref));
    if (restore !== undefined) return ["RestoreRunning", `${restore} restores ${formatTarget(ref)}`];
  }
  return undefined;
}

/** A session made together with its invoker waits a little until the invoker can be judged. */
export const awaitInvoker: Row = {
  name: "invoker not judged yet",
  next(view, status, now) {
    if (isBegun(status) || isSkipped(status)) return undefined;
    // While nobody led nobody could judge it.
    const sinceMs = Math.max(createdAtMs(view), view.leaderSinceMs);
    const isYoung = now.getTime() - sinceMs < INVOKER_GRACE_MS;
    const isJudged = view.invoker === undefined || view.invoker.isObserved;
    return isJudged || !isYoung ? undefined : { isEnd: true };
  },
};

export const skip: Row = {
  name: "must be skipped",
  next(view, status, now): Step | undefined {
    if (isBegun(status) || isSkipped(status)) return undefined;
    const why = whyNotRun(view);
    if (why === undefined) return undefined;
    const [reason, detail] = why;
    const message = `${reason}: ${SKIP_REASONS[reason]} (${detail})`;
    return {
      status: withEntryCondition(
        { ...status, completionTime: formatTime(now) },
        { type: ConditionType.BackupSkipped, status: "True", reason: "SkippedTakingNewBackup", message },
        now,
      ),
      actions: [{ kind: "EmitEvent", type: "Warning", reason: "BackupSession Skipped", message }],
    };
  },
};

/** Targets in the order of the invoker; what must be done first and last is marked on them as upstream does. */
function buildTargets(view: SessionView): readonly TargetStatus[] {
  const members = view.invoker?.view.members ?? [];
  const isRestic = view.invoker?.view.driver === Driver.Restic;
  return members.map(
    (member, index): TargetStatus => ({
      ref: member.ref,
      ...(member.alias !== undefined && { alias: member.alias }),
      ...(member.isLabelled && {
        member: { target: member.target, ...(member.hooks !== undefined && { hooks: member.hooks }) },
      }),
      phase: "Pending",
      ...(isRestic && index === 0 && { preBackupActions: ["InitializeBackendRepository"] }),
      ...(isRestic &&
        index === members.length - 1 && {
          postBackupActions: ["ApplyRetentionPolicy", "SendRepositoryMetrics"],
        }),
    }),
  );
}

const PERIODS = 2;

/** How long the session may take: its invoker's timeOut, of which 0 means no limit; else the default, or two periods. */
function timeLimitMs({ invoker, limits }: SessionView): number | undefined {
  const { timeOutMs } = invoker?.view ?? {};
  if (timeOutMs !== undefined) return timeOutMs > 0 ? timeOutMs : undefined;
  return limits.sessionMs > 0 ? Math.max(limits.sessionMs, PERIODS * (invoker?.periodMs ?? 0)) : undefined;
}

/** From here on the session runs. The deadline counts from its creation and is known at once. */
export const begin: Row = {
  name: "begins",
  next(view, status, now): Step | undefined {
    const invoker = view.invoker?.view;
    if (isBegun(status) || isSkipped(status) || invoker === undefined) return undefined;
    const { repository } = view;
    const limitMs = timeLimitMs(view);
    const deadlineMs = limitMs === undefined ? undefined : createdAtMs(view) + limitMs;
    return {
      status: {
        ...status,
        startTime: formatTime(now),
        invokerGeneration: invoker.generation,
        ...(deadlineMs !== undefined && { sessionDeadline: formatTime(new Date(deadlineMs)) }),
        ...(repository !== undefined && {
          repository: {
            name: repository.metadata.name,
            namespace: repository.metadata.namespace,
            ...(repository.spec.backend !== undefined && { backend: repository.spec.backend }),
          },
        }),
        targets: buildTargets(view),
      },
    };
  },
};
