/** Restore rules from snapshots that were taken together. Pure. */
import type { Snapshot } from "../../agent/restic/snapshots.ts";

export interface RuleGroup {
  /** Of its first snapshot. */
  readonly time: string;
  readonly rules: readonly { readonly targetHosts?: readonly string[]; readonly snapshots: readonly string[] }[];
}

export interface NearestRules {
  readonly before: RuleGroup | undefined;
  readonly after: RuleGroup | undefined;
}

/**
 * Groups snapshots by the time since the first one of the group. A host may have one snapshot a path, but none twice: such a group is of
 * two backups, and is left out.
 */
export function decideRules(snapshots: readonly Snapshot[], atMs: number, intervalMs: number): NearestRules {
  const sorted = [...snapshots].sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  const groups: Snapshot[][] = [];
  for (const snapshot of sorted) {
    const group = groups.at(-1);
    const first = group?.[0];
    const isNear = first !== undefined && Date.parse(snapshot.time) - Date.parse(first.time) <= intervalMs;
    if (isNear) group?.push(snapshot);
    else groups.push([snapshot]);
  }
  const usable = groups.filter(hasEachOnce);
  const startOf = (group: readonly Snapshot[]) => Date.parse(group[0]?.time ?? "");
  return {
    before: readGroup(usable.findLast((group) => startOf(group) <= atMs)),
    after: readGroup(usable.find((group) => startOf(group) > atMs)),
  };
}

function hasEachOnce(group: readonly Snapshot[]): boolean {
  const places = group.map(({ hostname, paths }) => JSON.stringify([hostname, paths]));
  return new Set(places).size === places.length;
}

function readGroup(group: readonly Snapshot[] | undefined): RuleGroup | undefined {
  if (group === undefined) return undefined;
  const byHost = new Map<string, string[]>();
  for (const { hostname, id } of group) byHost.set(hostname, [...(byHost.get(hostname) ?? []), id.slice(0, 8)]);
  const rules = [...byHost].map(([host, ids]) =>
    byHost.size === 1 ? { snapshots: ids } : { targetHosts: [host], snapshots: ids },
  );
  return { time: group[0]?.time ?? "", rules };
}
