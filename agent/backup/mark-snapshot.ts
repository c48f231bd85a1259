/** Adds to a snapshot what restic did not know before it had read everything. */
import { SnapshotTag } from "../../shared/contract.ts";
import { type ErrorCode, UserError } from "../../shared/errors.ts";
import { wholeSnapshots } from "../../shared/snapshots/point-parts.ts";
import type { BackupArguments } from "../restic/arguments.ts";
import { byNewest } from "../restic/snapshots.ts";
import { addTags, type TagPorts } from "./add-tags.ts";

const FORGET_LIMIT_MS = 30 * 60_000;

type Saved = Pick<BackupArguments, "host" | "path" | "tags">;

/** @returns the new id. @throws UserError when the repository can't be written or listed */
async function mark(id: string, tag: string, ports: TagPorts): Promise<string> {
  const what = `mark of snapshot ${id.slice(0, 8)}`;
  const [marked] = await addTags(what, [id], [tag], ports);
  if (marked === undefined) throw new UserError("INTERNAL", `${what}: nothing was marked`);
  return marked.id;
}

/**
 * Writes down how many files the snapshot lacks. restic writes it anew for that, under another id.
 *
 * @returns the new id
 * @throws UserError when the repository can't be written or listed, or the snapshot is gone
 */
export function markUnreadable(id: string, unreadable: number, ports: TagPorts): Promise<string> {
  return mark(id, `${SnapshotTag.Unreadable}${unreadable}`, ports);
}

/**
 * Takes a snapshot that is not whole from the recovery points. What was read stays for who has nothing else, until there is a newer
 * one of the kind.
 *
 * @throws UserError when the repository can't be written or listed, or the snapshot is gone
 */
export async function markIncomplete(saved: Saved, id: string, code: ErrorCode, ports: TagPorts): Promise<void> {
  const marked = await mark(id, `${SnapshotTag.Incomplete}${code}`, ports);
  const { restic, withLock, signal } = ports;
  // Without the invoker it could be another's, of another cluster.
  const tags = saved.tags.filter((one) => one.startsWith(SnapshotTag.Target) || one.startsWith(SnapshotTag.Invoker));
  const ofKind = [...(await restic.snapshots({ host: saved.host, path: saved.path, tags }, { signal }))].sort(byNewest);
  const whole = new Set(wholeSnapshots(ofKind));
  // What one was before it was marked is among them, where that could not be removed: alone it would look whole.
  const old = ofKind
    .filter((snapshot) => !whole.has(snapshot) && snapshot.id !== marked)
    .map((snapshot) => snapshot.id);
  if (old.length === 0) return;
  const exit = await withLock(() => restic.run(["forget", ...old], { signal, timeLimitMs: FORGET_LIMIT_MS }));
  if (exit.code !== 0) throw restic.fault("removal of older snapshots that are not whole", exit);
}
