/**
 * Sums host runs up into the entries that people and tools read. A pod writes its status as long as it likes: what is taken
 * over is bounded here. Pure.
 */
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostRun, HostRunStatus } from "../../shared/api/host-run.ts";
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { type HostEntry, isOpenHost } from "./entries.ts";
import { type HostRuns, hostRunName, keyOfEntry, type RunOwner } from "./host-runs.ts";
import { type RunStatus, runHosts, runTargets } from "./run-facts.ts";

const MAX_TEXT = 2_048;
const MAX_SHORT_TEXT = 512;
const MAX_OUTPUT = 4_096;
/** Of a hook that succeeded nobody reads much. */
const MAX_GOOD_OUTPUT = 256;
const MAX_WARNINGS = 30;
const MAX_HOOKS = 20;
const MAX_SNAPSHOTS = 500;
const MAX_LOCKS = 20;

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

function boundHook(hook: HookResult): HookResult {
  const { message, output, ...rest } = hook;
  const most = hook.phase === "Failed" ? MAX_OUTPUT : MAX_GOOD_OUTPUT;
  return {
    ...rest,
    ...(message !== undefined && { message: cut(message, MAX_TEXT) }),
    ...(output !== undefined && { output: cut(output, most) }),
  };
}

function boundResult(result: HostActionResult): HostActionResult {
  const { message, reason, ...rest } = result;
  return {
    ...rest,
    ...(reason !== undefined && { reason: cut(reason, MAX_SHORT_TEXT) }),
    ...(message !== undefined && { message: cut(message, MAX_TEXT) }),
  };
}

/** What a pod told of actions that it was given, after what others told of theirs. */
function foldResults(entry: HostEntry, status: HostRunStatus): readonly HostActionResult[] | undefined {
  const told = (status.results ?? []).filter(({ action }) => entry.actions?.includes(action) === true);
  if (told.length === 0) return entry.results;
  const others = (entry.results ?? []).filter(({ action }) => !told.some((result) => result.action === action));
  // One of each: a pod that tells more tells lies.
  const last = [...new Map(told.map((result) => [result.action, boundResult(result)])).values()];
  return [...others, ...last];
}

/** The part of a report that counts while the host is open: how it goes and how it ended. */
function foldOutcome(status: HostRunStatus, kind: "backup" | "restore") {
  const { phase, startedAt, finishedAt, duration, error, reason, warnings, progress } = status;
  return {
    ...(phase !== undefined && { phase }),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(duration !== undefined && { duration: cut(duration, MAX_SHORT_TEXT) }),
    // What a pod takes back goes.
    error: error === undefined ? undefined : cut(error, MAX_TEXT),
    reason: reason === undefined ? undefined : cut(reason, MAX_SHORT_TEXT),
    ...(warnings !== undefined && {
      warnings: warnings.slice(0, MAX_WARNINGS).map((line) => cut(line, MAX_SHORT_TEXT)),
    }),
    ...(progress !== undefined && { progress }),
    ...(kind === "backup" && status.snapshots !== undefined && { snapshots: status.snapshots.slice(0, MAX_SNAPSHOTS) }),
    ...(kind === "restore" && status.restored !== undefined && { snapshots: status.restored.slice(0, MAX_SNAPSHOTS) }),
  };
}

/** A host's entry with what its pod told. What the reconciler has ended stays as it is; later work is told all the same. */
export function foldEntry<Entry extends HostEntry>(entry: Entry, run: HostRun, kind: "backup" | "restore"): Entry {
  const { status } = run;
  if (status === undefined) return entry;
  const results = foldResults(entry, status);
  return {
    ...entry,
    ...(isOpenHost(entry) && foldOutcome(status, kind)),
    ...(!isOpenHost(entry) && status.progress !== undefined && { progress: status.progress }),
    ...(status.hooks !== undefined && { hooks: status.hooks.slice(-MAX_HOOKS).map(boundHook) }),
    ...(results !== undefined && { results }),
    ...(status.locks !== undefined && { locks: status.locks.slice(0, MAX_LOCKS) }),
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
  const targets = runTargets(status).map((target, targetIndex) => {
    let isChanged = false;
    const stats = runHosts(target).map((entry) => {
      const key = keyOfEntry(targetIndex, entry);
      const run = key && known.get(hostRunName(owner, key));
      if (run === undefined) return entry;
      const folded = foldEntry(entry, run, kind);
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
