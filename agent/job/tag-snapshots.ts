/** Puts our tags on the snapshots of another's program, so that they belong to the session's recovery point as any others do. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import { type ErrorCode, messageOf, UserError } from "../../shared/errors.ts";
import { recordTags, snapshotTags } from "../../shared/snapshot-tags.ts";
import type { WithLock } from "../locks/patience.ts";
import type { Restic } from "../restic/client.ts";
import { originOf } from "../work/origin.ts";

const TAG_LIMIT_MS = 10 * 60_000;

export interface TagPorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
  readonly signal: AbortSignal;
}

export interface TaggedSnapshots {
  /** With the ids that restic gave them anew. */
  readonly snapshots: readonly SnapshotStats[];
  readonly warnings: readonly string[];
}

function idsOf(snapshots: readonly SnapshotStats[]): readonly string[] {
  return snapshots.flatMap(({ name }) => (name ? [name] : []));
}

async function tag(run: HostRun, snapshots: readonly SnapshotStats[], ports: TagPorts, why: ErrorCode | undefined) {
  const { restic, withLock, signal } = ports;
  const ids = idsOf(snapshots);
  const origin = originOf(run);
  const incomplete = why === undefined ? [] : [`${SnapshotTag.Incomplete}${why}`];
  const tags = [...snapshotTags(origin), ...recordTags(origin, ids.length), ...incomplete];
  const command = ["tag", ...tags.flatMap((one) => ["--add", one]), ...ids];
  const exit = await withLock(() => restic.run(command, { signal, timeLimitMs: TAG_LIMIT_MS }));
  if (exit.code !== 0) throw restic.fault("tags of the addon's snapshots", exit);
  return restic.snapshots({ tags: snapshotTags(origin) }, { signal });
}

/**
 * Never throws a UserError: a snapshot without tags is a good one all the same, and can be restored by rules.
 *
 * @param why the host was given up before; then they are part of no recovery point
 */
export async function tagSnapshots(
  run: HostRun,
  snapshots: readonly SnapshotStats[],
  ports: TagPorts,
  why?: ErrorCode,
): Promise<TaggedSnapshots> {
  if (idsOf(snapshots).length === 0) return { snapshots, warnings: [] };
  try {
    const tagged = await tag(run, snapshots, ports, why);
    const newId = (name: string) => tagged.find(({ original }) => original?.startsWith(name))?.id ?? name;
    return { snapshots: snapshots.map((one) => (one.name ? { ...one, name: newId(one.name) } : one)), warnings: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return untagged(snapshots, ports.restic.clean(messageOf(error)));
  }
}

/** As they are. @param why they could not be tagged */
export function untagged(snapshots: readonly SnapshotStats[], why: string): TaggedSnapshots {
  return {
    snapshots,
    warnings: [`the snapshots are part of no recovery point, since they could not be tagged: ${why}`],
  };
}
