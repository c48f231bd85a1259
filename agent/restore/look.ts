/** What a restore looks at before it writes: which snapshots, what is in them, and what stands in their way. */
import { UserError } from "../../shared/errors.ts";
import { requireSnapshotId } from "../../shared/snapshots/id.ts";
import { targetTag } from "../../shared/snapshots/tags.ts";
import {
  type ListedSnapshot,
  type ResolvedSnapshot,
  type RestoreSelection,
  resolveSnapshots,
} from "../../shared/target/restore-rules.ts";
import { listSnapshot, type OnNode, type SnapshotSize } from "../restic/list-snapshot.ts";
import { allPatterns, hasPatterns } from "../restic/patterns.ts";
import { chooseSnapshots } from "./candidates.ts";
import { type Conflicts, createConflicts } from "./conflicts.ts";
import { requireSelected } from "./count-selected.ts";
import { createFoldersAbove, type FoldersAbove } from "./folders-above.ts";
import type { HostRestore, HostRestorePorts } from "./order.ts";
import { createOwners, type Owners } from "./owners.ts";
import { createSelected } from "./selected.ts";

/** A snapshot that was looked at, whole. */
export interface SeenSnapshot {
  readonly snapshot: ResolvedSnapshot;
  /** Of what is restored of it. */
  readonly size: SnapshotSize;
  readonly conflicts: Conflicts;
  readonly owners: Owners;
  /** Whether only restic knows what patterns select, and this one tells it by what it compares. */
  readonly isUncounted: boolean;
}

type LookPorts = Pick<HostRestorePorts, "restic" | "signal">;

/**
 * Each process of restic opens the repository anew, which takes the better part of a second: one that finds and lists a single
 * snapshot spares the list of all. Where the newest is wanted that is read at the same time: restic itself knows no verdicts, by which
 * the newest may be one that is not whole.
 *
 * @returns outer paths before inner ones; nothing when nothing is wanted
 * @throws UserError when a wanted snapshot is missing, with what there is, can't be read, or does not fit what is on disk, or when patterns leave
 *   nothing of them
 */
export async function lookAtSnapshots(
  restore: HostRestore,
  selection: RestoreSelection,
  ports: LookPorts,
): Promise<readonly SeenSnapshot[]> {
  const seen = await lookAtAll(restore, selection, ports);
  if (allPatterns(selection, restore.args) !== undefined) return seen;
  const sizes = await requireSelected(
    seen.map(({ snapshot }) => snapshot),
    restore,
    selection,
    ports,
  );
  return seen.map((one, at) => ({ ...one, size: sizes[at] ?? one.size, isUncounted: sizes[at] === undefined }));
}

async function lookAtAll(
  restore: HostRestore,
  selection: RestoreSelection,
  ports: LookPorts,
): Promise<readonly SeenSnapshot[]> {
  const [only, ...others] = selection.wanted;
  if (only === undefined) return [];
  const which = others.length === 0 ? flagsOf(only, selection, restore) : undefined;
  let foundId: string | undefined;
  const onFound = (id: string) => {
    foundId = id;
  };
  const looking = which === undefined ? undefined : lookAtOne(which, restore, selection, { ...ports, onFound });
  if (only.by === "id") {
    const seen = await looking;
    if (seen !== undefined) return [seen];
  }
  const choosing = chooseSnapshots(ports.restic, selection, targetTag(restore.host.target), ports.signal);
  // Neither goes on when the other's fault is told.
  const [choice, look] = await Promise.allSettled([choosing, looking]);
  const isAnother = choice.status === "fulfilled" && foundId !== undefined && choice.value[0]?.id !== foundId;
  if (look.status === "rejected" && !isAnother) throw look.reason;
  if (choice.status === "rejected") throw choice.reason;
  if (look.status === "fulfilled" && look.value !== undefined && !isAnother) return [look.value];
  const snapshots = choice.value;
  const selected = selectedOf(restore, selection, snapshots);
  const all: SeenSnapshot[] = [];
  for (const snapshot of snapshots) {
    const watch = createWatch(restore, selection, snapshot, selected.look);
    const size = await listSnapshot(ports.restic, [snapshot.id], { signal: ports.signal, onNode: watch.look });
    watch.above.require();
    all.push({ snapshot, size, conflicts: watch.conflicts, owners: watch.owners, isUncounted: false });
  }
  // A snapshot without any entry is whole when it is empty.
  if (hasPatterns(selection, restore.args)) selected.requireSome();
  return all;
}

/** How `restic ls` is asked for it. */
function flagsOf(
  wanted: RestoreSelection["wanted"][number],
  { sourceHost }: RestoreSelection,
  { host }: HostRestore,
): readonly string[] {
  if (wanted.by === "id") {
    // It comes from an object that somebody wrote: restic must not read a flag in it.
    requireSnapshotId(wanted.id, "rules[].snapshots");
    return [wanted.id];
  }
  const path = wanted.by === "path" ? ["--path", wanted.path] : [];
  return ["latest", "--host", sourceHost, "--tag", targetTag(host.target), ...path];
}

/** @returns undefined when only the list of all can tell what is meant, or what there is instead */
async function lookAtOne(
  which: readonly string[],
  restore: HostRestore,
  selection: RestoreSelection,
  { restic, signal, onFound }: LookPorts & { onFound(id: string): void },
): Promise<SeenSnapshot | undefined> {
  let found: { readonly snapshot: ResolvedSnapshot; readonly watch: Watch; requireSome(): void } | undefined;
  let size: SnapshotSize;
  try {
    size = await listSnapshot(restic, which, {
      signal,
      onSnapshot(listed) {
        const snapshot = resolveAlone(listed, restore, selection);
        onFound(snapshot.id);
        const selected = selectedOf(restore, selection, [snapshot]);
        const watch = createWatch(restore, selection, snapshot, selected.look);
        found = { snapshot, watch, requireSome: selected.requireSome };
      },
      onNode: (path, type, uid) => found?.watch.look(path, type, uid),
    });
  } catch (error) {
    if (error instanceof UserError && error.code === "SNAPSHOT_NOT_FOUND" && !signal.aborted) return undefined;
    throw error;
  }
  if (found === undefined) return undefined;
  found.watch.above.require();
  if (hasPatterns(selection, restore.args)) found.requireSome();
  const { snapshot, watch } = found;
  return { snapshot, size, conflicts: watch.conflicts, owners: watch.owners, isUncounted: false };
}

/** @throws UserError when restic's choice is not the one that is meant */
function resolveAlone(listed: ListedSnapshot, restore: HostRestore, selection: RestoreSelection): ResolvedSnapshot {
  const [snapshot] = resolveSnapshots(selection, [listed], targetTag(restore.host.target));
  if (snapshot === undefined) throw new UserError("SNAPSHOT_NOT_FOUND", "the snapshot is not the one that is meant");
  return snapshot;
}

function selectedOf(restore: HostRestore, selection: RestoreSelection, snapshots: readonly ResolvedSnapshot[]) {
  return createSelected(
    selection,
    restore.args,
    snapshots.flatMap(({ paths }) => paths),
  );
}

interface Watch {
  readonly look: OnNode;
  readonly conflicts: Conflicts;
  readonly owners: Owners;
  readonly above: FoldersAbove;
}

function createWatch(
  restore: HostRestore,
  selection: RestoreSelection,
  { paths }: ResolvedSnapshot,
  isSelected: (path: string) => boolean,
): Watch {
  // What patterns of the user leave is not compared with what stands in its way.
  const isAll = !hasPatterns(selection, restore.args);
  const conflicts = createConflicts(paths, restore.targetFolder);
  const owners = createOwners(paths, restore.runsAs);
  const above = createFoldersAbove(paths, isAll, restore.targetFolder);
  const look: OnNode = (path, type, uid) => {
    const isIt = isSelected(path);
    if (isAll) conflicts.look(path, type);
    owners.look(path, uid);
    above.look(path, type, isIt);
    return isIt;
  };
  return { look, conflicts, owners, above };
}
