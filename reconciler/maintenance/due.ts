/** Which work on a Repository is due. Pure. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { MaintenanceRun, Repository, RepositoryStatus } from "../../shared/api/repository.ts";
import { doubledMs } from "../../shared/backoff.ts";
import { Annotation } from "../../shared/contract.ts";
import { isDoubted } from "../repository/identity.ts";
import { dataFaultsOf } from "./verdicts.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const READ_DATA_EVERY_MS = 7 * DAY_MS;
/** What other programs removed, or a removal that nobody told of, is taken out after as long. */
const PRUNE_ANYWAY_MS = 7 * DAY_MS;
/** Every pack is read once in as many weeks. */
const READ_DATA_PARTS = 8;
/** What is nearly due is done now rather than a whole period of the schedule late. */
const EARLY_MS = 10 * 60_000;
/** After one that failed. */
const AGAIN_MS = HOUR_MS;
/** After one that failed and that the same request asked for; twice as long after each further one. */
const ASKED_AGAIN_MS = 60_000;

export interface DueWork {
  readonly actions: readonly HostAction[];
  readonly readDataSubset: string | undefined;
  /** Value of the annotation by which somebody asks for it: it waits for no more than those who use the repository. */
  readonly request: string | undefined;
}

/** Whether somebody waits for it: it is done as soon as nobody uses the repository. */
export function isAsked({ request, actions }: Pick<DueWork, "request" | "actions">): boolean {
  return request !== undefined || actions.includes("DeleteSnapshots");
}

export interface DueView {
  readonly repository: Pick<Repository, "metadata" | "status">;
  /** Whether an invoker's retentionPolicy asks for prune. */
  readonly isPruneWanted: boolean;
  /** Snapshots that somebody deleted. */
  readonly deletions: readonly unknown[];
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

/** The bad part that nobody has read for the longest time; undefined where all were read within the hour. */
function badPart(status: RepositoryStatus, isRequested: boolean, now: Date): string | undefined {
  const open = dataFaultsOf(status).filter(({ checkedAt }) => isRequested || isDue(checkedAt, HOUR_MS, now));
  const [oldest] = [...open].sort((a, b) => (Date.parse(a.checkedAt) || 0) - (Date.parse(b.checkedAt) || 0));
  return oldest?.part;
}

/** A damaged repository is looked at again each hour, and nothing is taken out of it. */
function isPruneDue(status: RepositoryStatus, now: Date): boolean {
  const { lastPruneTime, lastRemoval, prunedRemoval, firstBackupTime, integrity } = status;
  if (integrity === false) return false;
  const isRemoved = lastRemoval !== undefined && lastRemoval !== prunedRemoval;
  const isLongAgo = isDue(lastPruneTime ?? firstBackupTime, PRUNE_ANYWAY_MS, now);
  return (isRemoved || isLongAgo) && isDue(lastPruneTime, DAY_MS, now);
}

/** The work that is due; no actions where there is none. A repository without a backup needs none. */
export function dueWork({ repository, isPruneWanted, deletions }: DueView, now: Date): DueWork {
  const { status = {}, metadata } = repository;
  const request = metadata.annotations?.[Annotation.CheckRequested];
  const isRequested = request !== undefined;
  const { firstBackupTime, lastCheckTime, lastReadDataCheckTime, integrity, readDataSubset } = status;
  // Out of a damaged repository nothing is taken.
  const removal = deletions.length > 0 && integrity !== false ? (["DeleteSnapshots"] as const) : [];
  if (firstBackupTime === undefined) {
    const check = isRequested ? (["VerifyRepositoryIntegrity"] as const) : [];
    return { actions: [...check, ...removal], readDataSubset: undefined, request };
  }
  const isSoon = integrity === false || isDoubted(status);
  const isCheckDue = isRequested || isDue(lastCheckTime, isSoon ? HOUR_MS : DAY_MS, now);
  // The first comes a week after the first backup.
  const isWeekly = isDue(lastReadDataCheckTime ?? firstBackupTime, READ_DATA_EVERY_MS, now);
  const badSubset = badPart(status, isRequested, now);
  // Whoever asks wants to know whether what is bad still is.
  const subset = isWeekly && !(isRequested && badSubset) ? nextReadDataSubset(readDataSubset) : badSubset;
  return {
    actions: [
      ...(isCheckDue ? (["VerifyRepositoryIntegrity"] as const) : []),
      ...(subset !== undefined ? (["VerifyRepositoryData"] as const) : []),
      ...(isPruneWanted && isPruneDue(status, now) ? (["PruneRepository"] as const) : []),
      ...removal,
    ],
    readDataSubset: subset,
    request,
  };
}

/**
 * How long work that is due still waits, since it failed a short while ago; 0 or less when it does not. A request is taken back when
 * it has its answer; one that is there again, as it was, waits the longer the more often it failed. A new one waits for nothing.
 */
export function backoffMs(
  { status }: Pick<Repository, "status">,
  due: Pick<DueWork, "request" | "actions">,
  now: Date,
): number {
  const runs = status?.maintenanceRuns ?? [];
  const [last] = runs;
  if (last?.phase !== "Failed") return 0;
  const { request } = due;
  const isRemoval = ({ actions = [] }: { readonly actions?: MaintenanceRun["actions"] }) =>
    actions.includes("DeleteSnapshots");
  const isOther = (run: MaintenanceRun) =>
    run.phase !== "Failed" || run.request !== request || isRemoval(run) !== isRemoval(due);
  const first = runs.findIndex(isOther);
  const failures = first < 0 ? runs.length : first;
  if (isAsked(due) && failures === 0) return 0;
  const pauseMs = !isAsked(due) ? AGAIN_MS : doubledMs({ baseMs: ASKED_AGAIN_MS, maxMs: AGAIN_MS }, failures - 1);
  const endedMs = Date.parse(last.finishedAt ?? last.startedAt);
  return Math.min(endedMs + pauseMs - now.getTime(), pauseMs);
}
