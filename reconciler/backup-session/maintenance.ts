/** Row for keeping the repository in order after the last target: one host applies retention and counts. Pure. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition, isConditionTrue } from "../../shared/status/conditions.ts";
import { formatDamage } from "../maintenance/verdicts.ts";
import { areTargetsOver, isBegun } from "../run/completion.ts";
import { type HostEntry, isAssigned, withEntryCondition } from "../run/entries.ts";
import { runHosts, runTargets, withRunHost } from "../run/facts.ts";
import { isDeleted } from "../run/view.ts";
import { isAlive } from "../run/world.ts";
import { type ActionName, conditionOf, isActionOpen, type ToldAction, WORDS } from "./repository-actions.ts";
import type { Row, Step } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

/** In upstream's order. Checks and prune are the Repository's own: reconciler/maintenance/. */
const MAINTENANCE = ["ApplyRetentionPolicy", "SendRepositoryMetrics"] as const;

function isMaintenance(action: ActionName): boolean {
  return MAINTENANCE.some((one) => one === action);
}

/** What the Repository's own checks found last. */
function sayWhatWasChecked(view: SessionView, status: SessionStatus, now: Date): Step | undefined {
  const checked = view.repository?.status ?? {};
  const { lastCheckTime, lastReadDataCheckTime } = checked;
  const lastTime = lastCheckTime ?? lastReadDataCheckTime;
  if (hasCondition(status.conditions, ConditionType.RepositoryIntegrityVerified) || !lastTime) return undefined;
  const damage = formatDamage(checked);
  const [outcome, message] =
    damage !== undefined ? (["bad", damage] as const) : (["good", `the check of ${lastTime} found no error`] as const);
  return {
    status: withEntryCondition(status, conditionOf("VerifyRepositoryIntegrity", outcome, message), now),
  };
}

/** Whether there is a repository to keep in order after this session. */
function isMaintained(status: SessionStatus): boolean {
  return (
    isBegun(status) &&
    areTargetsOver(status) &&
    isConditionTrue(status.conditions, ConditionType.BackendRepositoryInitialized)
  );
}

interface HostAddress {
  readonly targetIndex: number;
  readonly hostIndex: number;
  readonly host: HostStats;
}

function addresses(status: SessionStatus): readonly HostAddress[] {
  return runTargets(status).flatMap((target, targetIndex) =>
    runHosts(target).map((host, hostIndex) => ({ targetIndex, hostIndex, host })),
  );
}

/** A host whose pod lives; one that succeeded before one that failed, and the last before the first. */
function chooseCarrier(view: SessionView, status: SessionStatus): HostAddress | undefined {
  const living = addresses(status).filter(
    ({ host }) =>
      isAssigned(host) && isAlive(view.pods, host.podUID) && view.pods.get(host.podUID ?? "")?.isSilent !== true,
  );
  return living.filter(({ host }) => host.phase === "Succeeded").at(-1) ?? living.at(-1);
}

function withActions(status: SessionStatus, at: HostAddress, work: readonly ToldAction[]): SessionStatus {
  const change = (host: HostEntry): HostEntry => ({ ...host, actions: [...(host.actions ?? []), ...work] });
  return withRunHost(status, at.targetIndex, at.hostIndex, change);
}

/** Takes open work from a host. */
function withoutOpenActions(status: SessionStatus, at: HostAddress): SessionStatus {
  const change = (host: HostEntry): HostEntry => ({
    ...host,
    actions: (host.actions ?? []).filter((action) => !(isMaintenance(action) && isActionOpen(host, action))),
    results: (host.results ?? []).filter((result) => result.phase !== "Running"),
  });
  return withRunHost(status, at.targetIndex, at.hostIndex, change);
}

function withUndone(status: SessionStatus, actions: readonly ToldAction[], message: string, now: Date): SessionStatus {
  return actions.reduce(
    (next, action) =>
      hasCondition(next.conditions, WORDS[action].type)
        ? next
        : withEntryCondition(next, conditionOf(action, "undone", message), now),
    status,
  );
}

function isMaintenanceOver(view: SessionView, status: SessionStatus, now: Date): boolean {
  const deadlineMs = Date.parse(status.sessionDeadline ?? "");
  const isLimited = view.invoker?.view.timeOutMs !== undefined && !Number.isNaN(deadlineMs);
  if (isLimited) return now.getTime() >= deadlineMs;
  const ends = addresses(status).map(({ host }) => Date.parse(host.finishedAt ?? "") || 0);
  const begin = Date.parse(status.startTime ?? "") || 0;
  return now.getTime() >= Math.max(begin, ...ends) + view.limits.maintenanceMs;
}

/**
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | nobody was told yet | a living host is told; without one the conditions say so |
 * | 2 | work is open, time is up | the conditions say so |
 * | 3 | work is open, the host's pod lives | wait |
 * | 4 | work is open, the pod is gone | another living host is told; without one the conditions say so |
 * | 5 | nothing is open | go on |
 *
 * None of this makes a good backup a failed one.
 */
export const maintenance: Row = {
  name: "repository kept in order",
  next(view, status, now): Step | undefined {
    if (!isMaintained(status) || isDeleted(view.object)) return undefined;
    const told = addresses(status).filter(({ host }) => (host.actions ?? []).some(isMaintenance));
    const open = told.find(({ host }) => MAINTENANCE.some((action) => isActionOpen(host, action)));
    const isDone = hasCondition(status.conditions, ConditionType.RepositoryMetricsPushed);
    if (open === undefined) {
      if (told.length > 0 || isDone) return sayWhatWasChecked(view, status, now);
      const carrier = chooseCarrier(view, status);
      return carrier === undefined
        ? { status: withUndone(status, MAINTENANCE, "no pod is left that could do it", now) }
        : { status: withActions(status, carrier, MAINTENANCE) };
    }
    const rest = MAINTENANCE.filter((action) => isActionOpen(open.host, action));
    if (isMaintenanceOver(view, status, now)) {
      return { status: withUndone(withoutOpenActions(status, open), rest, "it did not end in time", now) };
    }
    if (isAlive(view.pods, open.host.podUID)) return { isEnd: true };
    const carrier = chooseCarrier(view, status);
    const freed = withoutOpenActions(status, open);
    return carrier === undefined
      ? { status: withUndone(freed, rest, "its pod is gone, and no other is left", now) }
      : { status: withActions(freed, carrier, rest) };
  },
};
