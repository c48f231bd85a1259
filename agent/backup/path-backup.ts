/** Backs up one path with one restic run. */
import { messageOf, UserError } from "../../shared/errors.ts";
import type { WithLock } from "../locks/patience.ts";
import type { BackupArguments } from "../restic/arguments.ts";
import type { Restic } from "../restic/client.ts";
import { PARTIAL_EXIT_CODE } from "../restic/fault.ts";
import type { BackupProgress, BackupSummary } from "../restic/messages.ts";
import { buildSnapshotStats, MAX_UNREADABLE_NAMED, type PathOutcome, unreadableWarnings } from "./outcome.ts";
import { checkBackupPath } from "./path-check.ts";

export interface PathBackupPorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly withLock: WithLock;
  now(): Date;
  onProgress(progress: BackupProgress): void;
}

/** restic names a snapshot after a dry run too. */
function isDryRun(arg: string): boolean {
  return /^--dry-run(=|$)/.test(arg) || /^-[a-zA-Z]*n[a-zA-Z]*$/.test(arg);
}

function asFailed(path: string, thrown: unknown, warnings: readonly string[]): PathOutcome {
  const error =
    thrown instanceof UserError
      ? thrown
      : new UserError("INTERNAL", `${path}: ${messageOf(thrown)}`, { cause: thrown });
  return { kind: "failed", path, error, warnings };
}

/** Runs restic for the path. Never throws: what went wrong is the outcome. */
export async function backupPath(backup: BackupArguments, ports: PathBackupPorts): Promise<PathOutcome> {
  const { path } = backup;
  const { restic } = ports;
  const named: string[] = [];
  let unreadable = 0;
  let summary: BackupSummary | undefined;
  const warnings = () => unreadableWarnings(path, named, unreadable).map((line) => restic.clean(line));
  // restic dates a snapshot by the start of its run.
  const startedAt = ports.now();
  try {
    if (backup.args.some(isDryRun)) {
      throw new UserError(
        "NO_SNAPSHOT_REPORTED",
        `backup of ${path}: target.args ask for a dry run, which saves nothing`,
        {
          next: "Remove --dry-run from target.args.",
        },
      );
    }
    checkBackupPath(path, restic.access.localFolder);
    const run = () =>
      restic.backup(backup, {
        signal: ports.signal,
        onMessage(message) {
          if (message.kind === "status") ports.onProgress(message.progress);
          if (message.kind === "summary") summary = message.summary;
          if (message.kind === "error") {
            unreadable++;
            if (named.length < MAX_UNREADABLE_NAMED) named.push(`${message.item}: ${message.text}`);
          }
        },
      });
    const exit = await ports.withLock(run);
    if (exit.code !== 0 && exit.code !== PARTIAL_EXIT_CODE) {
      return asFailed(path, restic.fault(`backup of ${path}`, exit), warnings());
    }
    if (summary?.snapshotId === undefined) {
      return asFailed(
        path,
        new UserError("NO_SNAPSHOT_REPORTED", `backup of ${path}: restic named no snapshot`),
        warnings(),
      );
    }
    return {
      kind: "saved",
      snapshot: buildSnapshotStats(path, summary, summary.snapshotId, startedAt),
      warnings: warnings(),
    };
  } catch (error) {
    return asFailed(path, error, warnings());
  }
}
