/** Restores one host: chooses, looks whether all is there, then writes. */
import type { RestoredSnapshot } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import {
  type ChosenPoint,
  type ResolvedSnapshot,
  type RestoreHost,
  type RestoreRule,
  resolveSnapshots,
  selectForHost,
} from "../../shared/restore-rules.ts";
import { targetTag } from "../../shared/snapshot-tags.ts";
import type { Logger } from "../log.ts";
import { escapePattern } from "../restic/arguments.ts";
import type { Restic } from "../restic/client.ts";
import { gatherSnapshotSize, type SnapshotSize } from "../restic/snapshot-size.ts";
import { type ItemError, isOnlyAbove, itemWarnings, restoreFault } from "./outcome.ts";
import { parseRestoreLine, type RestoreProgress } from "./restore-messages.ts";

export interface HostRestore {
  readonly host: RestoreHost;
  readonly rules: readonly RestoreRule[];
  readonly point: ChosenPoint | undefined;
  readonly args: readonly string[];
  readonly targetFolder: string;
  readonly isVerified: boolean;
}

export interface HostRestorePorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
  readonly log: Logger;
  onProgress(progress: RestoreProgress): void;
  /** A snapshot is restored. */
  onRestored(restored: readonly RestoredSnapshot[]): void;
}

export interface HostRestoreOutcome {
  readonly restored: readonly RestoredSnapshot[];
  readonly warnings: readonly string[];
  readonly failure: UserError | undefined;
}

const PATTERN_FLAG = /^(--i?(include|exclude)(-file)?(=|$)|-[ei])/;

/**
 * Patterns for restic. Without any of the user's, the snapshot's own paths are included: all their content is, but the
 * folders above them keep their mode and owner.
 */
function patternsOf(
  snapshot: ResolvedSnapshot,
  patterns: { readonly include: readonly string[]; readonly exclude: readonly string[] },
  args: readonly string[],
) {
  const isOwn =
    patterns.include.length > 0 || patterns.exclude.length > 0 || args.some((arg) => PATTERN_FLAG.test(arg));
  if (isOwn || snapshot.paths.includes("/")) return patterns;
  return { include: snapshot.paths.map(escapePattern), exclude: [] };
}

/** Restores the host. Nothing is written before all wanted snapshots are known to exist and to be readable. */
export async function restoreHost(restore: HostRestore, ports: HostRestorePorts): Promise<HostRestoreOutcome> {
  const { restic, signal, log } = ports;
  const restored: RestoredSnapshot[] = [];
  const warnings: string[] = [];
  try {
    const selection = selectForHost(restore.rules, restore.host, restore.point);
    const existing = await restic.snapshots({}, { signal });
    const snapshots = resolveSnapshots(selection, existing, targetTag(restore.host.target));
    const sizes: SnapshotSize[] = [];
    for (const { id } of snapshots) sizes.push(await gatherSnapshotSize(restic, id, signal));
    for (const [index, snapshot] of snapshots.entries()) {
      const size = sizes[index] ?? { bytes: 0, files: 0 };
      const errors = await restoreSnapshot(snapshot, size, restore, selection, ports);
      warnings.push(...itemWarnings(errors).map((line) => restic.clean(line)));
      restored.push({
        id: snapshot.id,
        path: snapshot.paths.join(","),
        time: new Date(snapshot.time).toISOString(),
        sizeBytes: size.bytes,
        files: size.files,
      });
      log.info({ snapshot: snapshot.id.slice(0, 8), host: restore.host.hostname }, "snapshot restored");
      ports.onRestored(restored);
    }
    return { restored, warnings, failure: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { restored, warnings, failure: error };
  }
}

/** @returns what could not be restored exactly but does not matter. @throws UserError for the rest */
async function restoreSnapshot(
  snapshot: ResolvedSnapshot,
  size: SnapshotSize,
  restore: HostRestore,
  patterns: { readonly include: readonly string[]; readonly exclude: readonly string[] },
  ports: HostRestorePorts,
): Promise<readonly ItemError[]> {
  const { restic } = ports;
  const errors: ItemError[] = [];
  ports.onProgress({ bytesDone: 0, bytesTotal: size.bytes, filesDone: 0, filesTotal: size.files });
  const exit = await restic.restore(
    {
      snapshotId: snapshot.id,
      targetFolder: restore.targetFolder,
      ...patternsOf(snapshot, patterns, restore.args),
      args: restore.args,
      isVerified: restore.isVerified,
    },
    {
      signal: ports.signal,
      onLine(line) {
        const message = parseRestoreLine(line);
        if (message.kind === "progress") ports.onProgress(message.progress);
        if (message.kind === "item-error") errors.push({ item: message.item, text: message.text });
      },
    },
  );
  if (exit.code === 0 || isOnlyAbove(errors, snapshot.paths, exit)) return errors;
  const what = `restore of snapshot ${snapshot.id.slice(0, 8)}`;
  throw restoreFault(errors, restic.fault(what, exit), what);
}
