/** Backs up one host: all its paths, each attempted whatever became of the others. */
import type { AppBindingOrder } from "../../shared/api/host-run.ts";
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import { normalPaths } from "../../shared/paths.ts";
import { recordTags, type SnapshotOrigin, snapshotTags } from "../../shared/snapshots/tags.ts";
import type { WithLock } from "../locks/patience.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";
import type { BackupProgress } from "../restic/messages.ts";
import { type Earlier, NOTHING_EARLIER, removeUnsure } from "./adopt.ts";
import type { PathOutcome } from "./outcome.ts";
import { backupPath } from "./path.ts";
import { buildProgress, type Progress } from "./progress.ts";

export interface HostBackup {
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly args: readonly string[];
  readonly origin: SnapshotOrigin;
  /** The application whose data it is, where it is one's. */
  readonly appBinding?: AppBindingOrder | undefined;
  /** Where the container has volumes; undefined where that means nothing. */
  readonly mounts?: readonly string[] | undefined;
  /** What of the application's data the paths do not hold, as the order says it. */
  readonly leftOut?: readonly string[] | undefined;
  /** Of an earlier start of this agent for the same turn. */
  readonly earlier: readonly SnapshotStats[];
}

export interface HostBackupPorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
  readonly signal: AbortSignal;
  readonly log: Logger;
  now(): Date;
  onProgress(progress: Progress): void;
  /** Is told all snapshots so far as soon as there is one more. */
  onSaved(snapshots: readonly SnapshotStats[]): void;
  /** Finds what an earlier start of this agent saved of the path without telling. */
  adopt(path: string): Promise<Earlier>;
}

function sum(snapshots: readonly SnapshotStats[], read: (snapshot: SnapshotStats) => number | undefined): number {
  return snapshots.reduce((total, snapshot) => total + (read(snapshot) ?? 0), 0);
}

/** Outcome of each path, in order. */
export async function backupHost(backup: HostBackup, ports: HostBackupPorts): Promise<readonly PathOutcome[]> {
  const outcomes: PathOutcome[] = [];
  const paths = normalPaths(backup.paths);
  const saved = () => outcomes.flatMap((outcome) => (outcome.kind === "saved" ? [outcome.snapshot] : []));
  function tell(current: BackupProgress | undefined): void {
    const progress = buildProgress({
      pathsDone: outcomes.length,
      pathsTotal: paths.length,
      bytesDone: sum(saved(), ({ sizeBytes }) => sizeBytes),
      filesDone: sum(saved(), ({ fileStats }) => fileStats?.totalFiles),
      current,
    });
    ports.onProgress(progress);
  }
  for (const path of paths) {
    if (ports.signal.aborted) {
      outcomes.push({ kind: "failed", path, error: notBegun(path), warnings: [] });
      continue;
    }
    outcomes.push(await savePath(path, backup, ports, tell));
    tell(undefined);
    ports.onSaved(saved());
  }
  return withWarnings(outcomes, [...(ports.restic.access.warnings ?? []), ...(backup.leftOut ?? [])]);
}

/** What is odd about the Secret or the pod is told once a host. */
function withWarnings(outcomes: readonly PathOutcome[], warnings: readonly string[]): readonly PathOutcome[] {
  return outcomes.map((outcome, at) =>
    at === 0 ? { ...outcome, warnings: [...warnings, ...outcome.warnings] } : outcome,
  );
}

function notBegun(path: string): UserError {
  return new UserError("RESTIC_KILLED", `backup of ${path} was not begun because the run was stopped`);
}

async function savePath(
  path: string,
  backup: HostBackup,
  ports: HostBackupPorts,
  onProgress: (progress: BackupProgress) => void,
): Promise<PathOutcome> {
  const { restic, signal, log, now } = ports;
  const fields = { path, host: backup.hostname };
  let earlier = NOTHING_EARLIER;
  try {
    const told = backup.earlier.find((snapshot) => snapshot.path === path);
    if (told === undefined) earlier = await ports.adopt(path);
    const known = told ?? earlier.snapshot;
    if (known !== undefined) {
      log.info({ ...fields, snapshot: known.name }, "path was saved before the restart");
      return { kind: "saved", snapshot: known, warnings: await removeUnsure(earlier.unsure, ports) };
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "failed", path, error, warnings: [] };
  }
  const outcome = await backupPath(
    {
      path,
      host: backup.hostname,
      tags: [...snapshotTags(backup.origin), ...recordTags(backup.origin, normalPaths(backup.paths).length)],
      exclude: backup.exclude,
      args: backup.args,
    },
    { restic, signal, now, onProgress, withLock: ports.withLock, mounts: backup.mounts },
  );
  if (outcome.kind === "saved") log.info({ ...fields, snapshot: outcome.snapshot.name }, "path saved");
  else log.warn({ ...fields, code: outcome.error.code, error: outcome.error.message }, "path not saved");
  const warnings = isJudged(outcome) ? await removeUnsure(earlier.unsure, ports) : [];
  return { ...outcome, warnings: [...outcome.warnings, ...warnings] };
}

/** Whether restic came to an end, so that what is there now stands for what an earlier start left. */
function isJudged(outcome: PathOutcome): boolean {
  return outcome.kind === "saved" || ["FILES_UNREADABLE", "NOTHING_SELECTED"].includes(outcome.error.code);
}
