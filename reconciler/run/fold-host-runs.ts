/**
 * Sums host runs up into the entries that people and tools read. A pod writes its status as long as it likes: what is taken
 * over is bounded here. Pure.
 */
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostRun, HostRunStatus } from "../../shared/api/host-run.ts";
import { type HostActionResult, MAX_TOLD_FILES, type TriedHost } from "../../shared/api/host-stats.ts";
import { ERRORS } from "../../shared/errors.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { boundLocks } from "../../shared/listed-locks.ts";
import { isCount } from "../../shared/snapshots/listed-points.ts";
import { type HostEntry, isOpenHost } from "./entries.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";
import { type HostRuns, hostRunName, keyOfEntry, type RunOwner } from "./host-runs.ts";
import { cutText, type TextRoom, textRoom } from "./text-room.ts";

/** Codes and durations. */
const MAX_WORD = 64;
const MAX_NAME = 256;
const MAX_HOOKS = 6;
const MAX_SNAPSHOTS = 500;
/** Of all snapshots of a host together. */
const MAX_SNAPSHOTS_LENGTH = 100_000;

function boundHook(hook: HookResult, room: TextRoom): HookResult {
  const { type, hostname, phase, startedAt, finishedAt, message, output } = hook;
  return {
    type,
    ...(hostname !== undefined && { hostname }),
    ...(phase !== undefined && { phase }),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(message !== undefined && { message: cutText(message, room.text) }),
    ...(output !== undefined && { output: cutText(output, hook.phase === "Failed" ? room.output : room.goodOutput) }),
  };
}

/** The first of them that are not too long together, and how many there are where that is not all. */
function boundSnapshots<Snapshot>(all: readonly Snapshot[]) {
  const snapshots = firstSnapshots(all);
  // Written over what was told before, when the list was shorter or longer.
  return { snapshots, snapshotCount: snapshots.length < all.length ? all.length : undefined };
}

function firstSnapshots<Snapshot>(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  let room = MAX_SNAPSHOTS_LENGTH;
  const most = snapshots.slice(0, MAX_SNAPSHOTS);
  const end = most.findIndex((snapshot) => {
    room -= JSON.stringify(snapshot).length;
    return room < 0;
  });
  return end < 0 ? most : most.slice(0, end);
}

/** What a dry run told. A number that JSON can't carry would have the whole status refused. */
function boundTried({ overwritten = [], snapshots = [], ...counts }: TriedHost): TriedHost {
  const countOf = (value: number) => (isCount(value) ? value : 0);
  const { snapshotCount, ...bounded } = boundSnapshots(snapshots);
  return {
    newFiles: countOf(counts.newFiles),
    changedFiles: countOf(counts.changedFiles),
    sameFiles: countOf(counts.sameFiles),
    totalBytes: countOf(counts.totalBytes),
    writtenBytes: countOf(counts.writtenBytes),
    overwritten: overwritten.slice(0, MAX_TOLD_FILES).map((path) => cutText(path, MAX_NAME)),
    ...bounded,
    ...(snapshotCount !== undefined && { snapshotCount }),
  };
}

function boundResult(result: HostActionResult, room: TextRoom): HostActionResult {
  const { message, reason, ...rest } = result;
  return {
    ...rest,
    ...(reason !== undefined && { reason: cutText(reason, MAX_WORD) }),
    ...(message !== undefined && { message: cutText(message, room.text) }),
  };
}

/** What a pod told of actions that it was given, after what others told of theirs. */
function foldResults(entry: HostEntry, status: HostRunStatus, room: TextRoom): readonly HostActionResult[] | undefined {
  const told = (status.results ?? []).filter(({ action }) => entry.actions?.includes(action) === true);
  if (told.length === 0) return entry.results;
  const others = (entry.results ?? []).filter(({ action }) => !told.some((result) => result.action === action));
  // One of each: a pod that tells more tells lies.
  const last = [...new Map(told.map((result) => [result.action, boundResult(result, room)])).values()];
  return [...others, ...last];
}

/** Why a backup that its pod calls good is none: nobody could restore what has no id. */
function withoutSnapshot(status: HostRunStatus): HostRunStatus {
  const { snapshots = [] } = status;
  if (status.phase !== "Succeeded" || (snapshots.length > 0 && snapshots.every(({ name }) => Boolean(name))))
    return status;
  const { next } = ERRORS.NO_SNAPSHOT_REPORTED;
  const error = `the pod told no id of ${snapshots.length === 0 ? "a snapshot" : "every snapshot"} (next: ${next})`;
  return { ...status, phase: "Failed", reason: "NO_SNAPSHOT_REPORTED", error };
}

/** The part of a report that counts while the host is open: how it goes and how it ended. */
function foldOutcome(told: HostRunStatus, kind: "backup" | "restore", room: TextRoom) {
  const status = kind === "backup" ? withoutSnapshot(told) : told;
  const { phase, starts, startedAt, finishedAt, duration, error, reason, warnings, unreadableFiles, progress } = status;
  return {
    ...(phase !== undefined && { phase }),
    ...(starts !== undefined && { starts }),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(duration !== undefined && { duration: cutText(duration, MAX_WORD) }),
    // What a pod takes back goes.
    error: error === undefined ? undefined : cutText(error, room.text),
    reason: reason === undefined ? undefined : cutText(reason, MAX_WORD),
    ...(warnings !== undefined && {
      warnings: warnings.slice(0, room.warnings).map((line) => cutText(line, room.warning)),
    }),
    ...(unreadableFiles !== undefined && { unreadableFiles }),
    ...(progress !== undefined && { progress }),
    ...(kind === "backup" && status.snapshots !== undefined && boundSnapshots(status.snapshots)),
    ...(kind === "restore" && status.tried !== undefined && { tried: boundTried(status.tried) }),
    ...(kind === "restore" && status.restored !== undefined && boundSnapshots(status.restored)),
  };
}

/** A host's entry with what its pod told. What the reconciler has ended stays as it is; later work is told all the same. */
export function foldEntry<Entry extends HostEntry>(
  entry: Entry,
  run: HostRun,
  kind: "backup" | "restore",
  room: TextRoom,
): Entry {
  const { status } = run;
  if (status === undefined) return entry;
  const results = foldResults(entry, status, room);
  return {
    ...entry,
    ...(isOpenHost(entry) && foldOutcome(status, kind, room)),
    ...(!isOpenHost(entry) && status.progress !== undefined && { progress: status.progress }),
    ...(status.hooks !== undefined && { hooks: status.hooks.slice(-MAX_HOOKS).map((hook) => boundHook(hook, room)) }),
    ...(results !== undefined && { results }),
    ...(status.locks !== undefined && { locks: boundLocks(status.locks) }),
  };
}

function newsOf({ progress: _progress, ...rest }: HostEntry): string {
  return canonicalJson(rest);
}

export interface Folded<Status> {
  readonly status: Status;
  /** Something besides progress was told. */
  readonly hasNews: boolean;
  readonly hasProgress: boolean;
}

/**
 * The status with what pods told in their host runs.
 *
 * @param known host runs of this very run, by name
 */
export function foldHostRuns<Status extends RunStatus>(
  owner: Pick<RunOwner, "name" | "uid">,
  status: Status,
  known: HostRuns,
  kind: "backup" | "restore",
): Folded<Status> {
  let hasNews = false;
  let hasProgress = false;
  if (known.size === 0) return { status, hasNews, hasProgress };
  const room = textRoom(runTargets(status).reduce((sum, target) => sum + runHosts(target).length, 0));
  const targets = runTargets(status).map((target, targetIndex) => {
    let isChanged = false;
    const stats = runHosts(target).map((entry) => {
      const key = keyOfEntry(targetIndex, entry);
      const run = key && known.get(hostRunName(owner, key));
      if (run === undefined) return entry;
      const folded = foldEntry(entry, run, kind, room);
      const isNews = newsOf(folded) !== newsOf(entry);
      const isProgress = canonicalJson(folded.progress ?? null) !== canonicalJson(entry.progress ?? null);
      if (!isNews && !isProgress) return entry;
      isChanged = true;
      hasNews ||= isNews;
      hasProgress ||= isProgress;
      return folded;
    });
    return isChanged ? { ...target, stats } : target;
  });
  return hasNews || hasProgress
    ? { status: { ...status, targets }, hasNews, hasProgress }
    : { status, hasNews, hasProgress };
}
