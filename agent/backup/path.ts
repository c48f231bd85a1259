/** Backs up one path with one restic run. */
import { SnapshotTag } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { asUserError } from "../file-faults.ts";
import type { WithLock } from "../locks/patience.ts";
import type { BackupArguments } from "../restic/arguments.ts";
import type { Restic } from "../restic/client.ts";
import { PARTIAL_EXIT_CODE } from "../restic/fault.ts";
import type { BackupProgress, BackupSummary } from "../restic/messages.ts";
import { hasFile, itemKindOf } from "./item-kind.ts";
import { judgePath } from "./judge-path.ts";
import { buildSnapshotStats, type PathOutcome } from "./outcome.ts";
import { checkBackupPath, mountsHeldBy } from "./path-check.ts";
import { ReadFaults } from "./read-faults.ts";
import { setAside, tryVerdict } from "./write-verdict.ts";

export interface PathBackupPorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly withLock: WithLock;
  /** As in checkBackupPath. */
  readonly mounts: readonly string[] | undefined;
  now(): Date;
  onProgress(progress: BackupProgress): void;
}

function asFailed(path: string, thrown: unknown, warnings: readonly string[]): PathOutcome {
  return { kind: "failed", path, error: asUserError(thrown, path), warnings };
}

/** Runs restic for the path. Never throws: what went wrong is the outcome. */
export async function backupPath(backup: BackupArguments, ports: PathBackupPorts): Promise<PathOutcome> {
  const { path } = backup;
  const { restic } = ports;
  const faults = new ReadFaults();
  let hasErrors = false;
  let summary: BackupSummary | undefined;
  const warnings = () => faults.warnings(path).map((line) => restic.clean(line));
  const failed = (thrown: unknown, further: readonly string[] = []): PathOutcome => ({
    ...asFailed(path, thrown, [...warnings(), ...further]),
    ...(faults.count > 0 && { unreadable: faults.count }),
  });
  // restic dates a snapshot by the start of its run.
  const startedAt = ports.now();
  try {
    checkBackupPath(path, restic.access.localFolder, ports.mounts);
    const run = () =>
      restic.backup(backup, {
        signal: ports.signal,
        onMessage(message) {
          if (message.kind === "status") ports.onProgress(message.progress);
          if (message.kind === "summary") summary = message.summary;
          if (message.kind === "error") {
            hasErrors = true;
            faults.add(message, itemKindOf(message.item));
          }
        },
      });
    const exit = await ports.withLock(run);
    if (exit.code !== 0 && exit.code !== PARTIAL_EXIT_CODE) {
      return failed(restic.fault(`backup of ${path}`, exit));
    }
    const id = summary?.snapshotId;
    if (summary === undefined || id === undefined) {
      return failed(new UserError("NO_SNAPSHOT_REPORTED", `backup of ${path}: restic named no snapshot`));
    }
    const isEmpty = summary.filesTotal === 0;
    const error = judgePath({
      path,
      filesRead: summary.filesTotal,
      unreadable: faults.count,
      firstFolder: faults.firstFolder,
      isUnnamed: exit.code === PARTIAL_EXIT_CODE && !hasErrors,
      hasFile: isEmpty && !hasErrors && hasFile(path),
    });
    if (error !== undefined) return failed(cleaned(error, restic), await setAside(backup, id, error.code, ports));
    const unreadable = faults.count;
    const says = `${SnapshotTag.Unreadable}${unreadable}`;
    const unwritten = unreadable === 0 ? [] : await tryVerdict(`lacks ${unreadable} files`, id, [says], ports);
    return {
      kind: "saved",
      snapshot: buildSnapshotStats(path, summary, { id, at: startedAt, unreadable }),
      warnings: [
        ...warnings(),
        ...(isEmpty ? [`${path} holds no file`] : []),
        ...mountWarnings(path, ports.mounts),
        ...unwritten,
      ],
    };
  } catch (error) {
    return failed(error);
  }
}

/** A part of what was asked for must not pass for the whole. */
function mountWarnings(path: string, mounts: readonly string[] = []): readonly string[] {
  const held = mountsHeldBy(path, mounts);
  if (held.length === 0) return [];
  const rest = "nothing else of it is on a volume of the container, so the application's own files there are not saved";
  return [`of ${path} only ${held.join(", ")} is saved: ${rest}`];
}

function cleaned(error: UserError, restic: Restic): UserError {
  return new UserError(error.code, restic.clean(error.message), { next: error.next, retry: error.retryable });
}
