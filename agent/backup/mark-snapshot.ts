/** Adds to a snapshot what restic did not know before it had read everything. */
import { SnapshotTag } from "../../shared/contract.ts";
import { type ErrorCode, UserError } from "../../shared/errors.ts";
import { isWholeSnapshot } from "../../shared/point-parts.ts";
import type { WithLock } from "../locks/patience.ts";
import type { BackupArguments } from "../restic/arguments.ts";
import type { Restic } from "../restic/client.ts";
import { byNewest, type Snapshot } from "../restic/snapshots.ts";

const MARK_LIMIT_MS = 30 * 60_000;

export interface MarkPorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
  readonly signal: AbortSignal;
}

type Saved = Pick<BackupArguments, "host" | "path" | "tags">;

/** @throws UserError when restic could not do it */
async function change(what: string, command: readonly string[], { restic, withLock, signal }: MarkPorts) {
  const exit = await withLock(() => restic.run(command, { signal, timeLimitMs: MARK_LIMIT_MS }));
  if (exit.code !== 0) throw restic.fault(what, exit);
}

/** Newest first. */
async function find({ host, path }: Saved, tags: readonly string[], ports: MarkPorts): Promise<readonly Snapshot[]> {
  const found = await ports.restic.snapshots({ host, path, tags }, { signal: ports.signal });
  return [...found].sort(byNewest);
}

/**
 * Writes down how many files the snapshot lacks. restic writes it anew for that, under another id.
 *
 * @returns the new id
 * @throws UserError when the repository can't be written or listed
 */
export async function markUnreadable(saved: Saved, id: string, unreadable: number, ports: MarkPorts): Promise<string> {
  const tag = `${SnapshotTag.Unreadable}${unreadable}`;
  await change(`mark of snapshot ${id.slice(0, 8)}`, ["tag", "--add", tag, id], ports);
  const [newest] = await find(saved, [...saved.tags, tag], ports);
  if (newest !== undefined) return newest.id;
  throw new UserError("NO_SNAPSHOT_REPORTED", `backup of ${saved.path}: the snapshot is gone after it was marked`);
}

/**
 * Takes a snapshot that is not whole from the recovery points. What was read stays for who has nothing else, until there is a newer
 * one of the kind.
 *
 * @throws UserError when the repository can't be written or listed
 */
export async function markIncomplete(saved: Saved, id: string, code: ErrorCode, ports: MarkPorts): Promise<void> {
  const tag = `${SnapshotTag.Incomplete}${code}`;
  await change(`mark of snapshot ${id.slice(0, 8)}`, ["tag", "--add", tag, id], ports);
  // Without the invoker it could be another's, of another cluster.
  const kind = saved.tags.filter((one) => one.startsWith(SnapshotTag.Target) || one.startsWith(SnapshotTag.Invoker));
  const ofKind = (await find(saved, kind, ports)).filter((snapshot) => !isWholeSnapshot(snapshot));
  const old = ofKind.slice(1).map(({ id: one }) => one);
  if (old.length > 0) await change("removal of older snapshots that are not whole", ["forget", ...old], ports);
}
