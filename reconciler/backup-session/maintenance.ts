/** Row for keeping the repository in order after the last target: one host applies retention, checks, and counts. Pure. */
import type { HostStats } from "../../shared/api/host-stats.ts";
import { Annotation } from "../../shared/contract.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition, isConditionTrue } from "../../shared/status/conditions.ts";
import { type HostEntry, isAssigned, withEntryCondition } from "../run/entries.ts";
import { runHosts, runTargets, withRunHost } from "../run/run-facts.ts";
import { areTargetsOver, isBegun } from "../run/settled.ts";
import { isAlive } from "../run/world.ts";
import { type ActionName, conditionOf, isActionOpen, WORDS } from "./repository-actions.ts";
import type { Row, Step } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

const CHECK_EVERY_MS = 24 * 3_600_000;
const READ_DATA_EVERY_MS = 7 * CHECK_EVERY_MS;
/** Every pack is read once in as many weeks. */
const READ_DATA_PARTS = 8;

/** A check that is nearly due is done now rather than a whole schedule period late. */
const EARLY_MS = 10 * 60_000;

interface Maintenance {
  readonly actions: readonly ActionName[];
  readonly readDataSubset: string | undefined;
}

function isDue(lastTime: string | undefined, everyMs: number, now: Date): boolean {
  const lastMs = Date.parse(lastTime ?? "");
  return Number.isNaN(lastMs) || lastMs > now.getTime() || now.getTime() - lastMs >= everyMs - EARLY_MS;
}

/** `3/8` follows `2/8`, `1/8` follows `8/8`. */
export function nextReadDataSubset(last: string | undefined): string {
  const part = Number(/^(\d+)\/\d+$/.exec(last ?? "")?.[1] ?? 0);
  return `${(part % READ_DATA_PARTS) + 1}/${READ_DATA_PARTS}`;
}

/** The work that is due now, in upstream's order. A repository's first data check comes a week after its first backup. */
function dueMaintenance(view: SessionView, now: Date): Maintenance {
  const status = view.repository?.status;
  const annotations = view.repository?.metadata.annotations ?? {};
  const isRequested = annotations[Annotation.CheckRequested] !== undefined;
  const isDamaged = status?.integrity === false;
  const isCheckDue = isRequested || isDamaged || isDue(status?.lastCheckTime, CHECK_EVERY_MS, now);
  const lastRead = status?.lastReadDataCheckTime ?? status?.firstBackupTime;
  const isReadDue = lastRead !== undefined && isDue(lastRead, READ_DATA_EVERY_MS, now);
  return {
    actions: [
      "ApplyRetentionPolicy",
      ...(isCheckDue ? (["VerifyRepositoryIntegrity"] as const) : []),
      ...(isReadDue ? (["VerifyRepositoryData"] as const) : []),
      "SendRepositoryMetrics",
    ],
    readDataSubset: isReadDue ? nextReadDataSubset(status?.readDataSubset) : undefined,
  };
}

/** A session that was not to check says when the last check was. */
function sayWhenChecked(view: SessionView, status: SessionStatus, now: Date): Step | undefined {
  const { lastCheckTime } = view.repository?.status ?? {};
  if (hasCondition(status.conditions, ConditionType.RepositoryIntegrityVerified) || !lastCheckTime) return undefined;
  const message = `not due: the check of ${lastCheckTime} found no error`;
  return {
    status: withEntryCondition(status, conditionOf("VerifyRepositoryIntegrity", "good", message), now),
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

const MAINTENANCE: readonly ActionName[] = [
  "ApplyRetentionPolicy",
  "VerifyRepositoryIntegrity",
  "VerifyRepositoryData",
  "SendRepositoryMetrics",
];

function withActions(status: SessionStatus, at: HostAddress, work: Maintenance): SessionStatus {
  const change = (host: HostEntry): HostEntry => ({
    ...host,
    actions: [...(host.actions ?? []), ...work.actions],
    ...(work.readDataSubset !== undefined && {
      actionParams: { ...host.actionParams, readDataSubset: work.readDataSubset },
    }),
  });
  return withRunHost(status, at.targetIndex, at.hostIndex, change);
}

/** Takes open work from a host. */
function withoutOpenActions(status: SessionStatus, at: HostAddress): SessionStatus {
  const change = (host: HostEntry): HostEntry => ({
    ...host,
    actions: (host.actions ?? []).filter((action) => !(MAINTENANCE.includes(action) && isActionOpen(host, action))),
    results: (host.results ?? []).filter((result) => result.phase !== "Running"),
  });
  return withRunHost(status, at.targetIndex, at.hostIndex, change);
}

function withUndone(status: SessionStatus, actions: readonly ActionName[], message: string, now: Date): SessionStatus {
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
    if (!isMaintained(status)) return undefined;
    const told = addresses(status).filter(({ host }) => (host.actions ?? []).some((a) => MAINTENANCE.includes(a)));
    const open = told.find(({ host }) => MAINTENANCE.some((action) => isActionOpen(host, action)));
    const isDone = hasCondition(status.conditions, ConditionType.RepositoryMetricsPushed);
    if (open === undefined) {
      if (told.length > 0 || isDone) return sayWhenChecked(view, status, now);
      const work = dueMaintenance(view, now);
      const carrier = chooseCarrier(view, status);
      return carrier === undefined
        ? { status: withUndone(status, work.actions, "no pod is left that could do it", now) }
        : { status: withActions(status, carrier, work) };
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
      : {
          status: withActions(freed, carrier, {
            actions: rest,
            readDataSubset: open.host.actionParams?.readDataSubset,
          }),
        };
  },
};
