/**
 * What a target of a BackupSession and a member of a restore have in common: its hosts, hooks and conditions. Pure changes
 * on them; the argument is left alone.
 */
import type { Condition } from "../../shared/api/condition.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostStats, RestoreHostStats } from "../../shared/api/host-stats.ts";
import type { TargetRef } from "../../shared/api/target.ts";
import type { Unlisted } from "../../shared/api/unlisted.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import { type ConditionStatus, withCondition } from "../../shared/status/conditions.ts";

/** A host's entry, of a backup or of a restore. */
export type HostEntry = HostStats | RestoreHostStats;

/** A target's or member's entry. */
export interface TargetEntry {
  readonly ref?: TargetRef;
  readonly alias?: string;
  readonly totalHosts?: number;
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly stats?: readonly HostEntry[];
  readonly hooks?: readonly HookResult[];
  readonly conditions?: readonly Condition[];
  /** Only in a status as it is stored. */
  readonly unlisted?: Unlisted;
}

/** Whether the host has neither ended nor been given up. */
export function isOpenHost(host: HostEntry): boolean {
  return host.phase === undefined || host.phase === "Pending" || host.phase === "Running";
}

/** Whether a pod has the host's turn. */
export function isAssigned(host: HostEntry): boolean {
  return host.podUID !== undefined && host.podUID !== "";
}

/** List with one item replaced. */
export function withItem<Item>(items: readonly Item[], index: number, change: (item: Item) => Item): readonly Item[] {
  return items.map((item, at) => (at === index ? change(item) : item));
}

export interface EntryCondition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: keyof typeof CONDITION_REASONS;
  readonly message: string;
}

/** The status of a run or the entry of a target with one condition set; the very same when nothing changes. */
export function withEntryCondition<Entry extends Pick<TargetEntry, "conditions">>(
  entry: Entry,
  next: EntryCondition,
  now: Date,
): Entry {
  const conditions = withCondition(entry.conditions, next, now);
  return conditions === entry.conditions ? entry : { ...entry, conditions };
}

/**
 * Puts a target's waiting or failing into words.
 *
 * @param reason error code or hold reason
 */
export function withExplanation<Target extends TargetEntry>(target: Target, reason: string, message: string): Target {
  return target.reason === reason && target.message === message ? target : { ...target, reason, message };
}

/** Takes the words back: nothing waits any more. */
export function withoutExplanation<Target extends TargetEntry>(target: Target): Target {
  if (target.reason === undefined && target.message === undefined) return target;
  return { ...target, reason: undefined, message: undefined };
}

/** What a host's entry becomes when it failed for a reason that the reconciler found. */
export function hostFailure(code: ErrorCode, message: string, now: string) {
  return { phase: "Failed", reason: code, error: message, finishedAt: now } as const;
}
