/**
 * Retention of one invoker, as a plan first. restic applies the policy without writing, what it would remove is narrowed to
 * the invoker's own snapshots, and those are removed by id. Pure.
 */

import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import { isJsonObject } from "../../shared/kube/json-value.ts";
import { parseSnapshot, type Snapshot } from "../restic/snapshots.ts";

/** Whose snapshots a policy may touch. */
export interface RetentionScope {
  /** `invoker=` tag of the invoker. */
  readonly invokerTag: string;
  /** Hosts and paths whose snapshots without any tag of ours are the invoker's too: upstream made them. */
  readonly untagged: readonly { readonly host: string; readonly path: string }[];
}

/** Flags of the policy; none when it keeps nothing by a rule, which means that nothing is removed. */
export function policyFlags(policy: Partial<RetentionPolicy>): readonly string[] {
  const counts: readonly (readonly [string, number | undefined])[] = [
    ["--keep-last", policy.keepLast],
    ["--keep-hourly", policy.keepHourly],
    ["--keep-daily", policy.keepDaily],
    ["--keep-weekly", policy.keepWeekly],
    ["--keep-monthly", policy.keepMonthly],
    ["--keep-yearly", policy.keepYearly],
  ];
  return [
    ...counts.flatMap(([flag, count]) => (count !== undefined && count > 0 ? [flag, String(count)] : [])),
    ...(policy.keepTags ?? []).flatMap((tag) => ["--keep-tag", tag]),
  ];
}

/** The command that plans: it neither writes nor locks. */
export function planCommand(policy: Partial<RetentionPolicy>, scope: RetentionScope): readonly string[] {
  return [
    "forget",
    "--dry-run",
    "--no-lock",
    "--json",
    "--group-by",
    "host,paths",
    "--tag",
    scope.invokerTag,
    // An empty tag means: snapshots without any.
    ...(scope.untagged.length > 0 ? ["--tag", ""] : []),
    ...policyFlags(policy),
  ];
}

export interface RetentionPlan {
  readonly kept: number;
  readonly remove: readonly string[];
}

function isOwn(snapshot: Snapshot, scope: RetentionScope): boolean {
  const origin = snapshot.tags.find((tag) => tag.startsWith(SnapshotTag.Invoker));
  if (origin !== undefined) return origin === scope.invokerTag;
  return scope.untagged.some(
    ({ host, path }) => snapshot.hostname === host && snapshot.paths.length === 1 && snapshot.paths[0] === path,
  );
}

function snapshotsOf(group: unknown, field: "keep" | "remove"): readonly Snapshot[] {
  const list = isJsonObject(group) ? group[field] : undefined;
  return Array.isArray(list) ? list.map(parseSnapshot).filter((snapshot) => snapshot !== undefined) : [];
}

/**
 * Reads restic's plan.
 *
 * @param output what restic printed; nothing or `null` when no snapshot is concerned
 */
export function readPlan(output: string, scope: RetentionScope): RetentionPlan {
  const start = output.indexOf("[");
  const groups: unknown = start < 0 ? [] : JSON.parse(output.slice(start));
  const list = Array.isArray(groups) ? groups : [];
  const own = (field: "keep" | "remove") =>
    list.flatMap((group) => snapshotsOf(group, field)).filter((snapshot) => isOwn(snapshot, scope));
  return { kept: own("keep").length, remove: own("remove").map(({ id }) => id) };
}
