/** What the init-container does next. Pure. */
import { hostName } from "../../shared/hosts.ts";
import { targetKey } from "../../shared/target.ts";
import type { AgentRestore, RestoreEntry, RestoreMember } from "../parse/restore.ts";
import type { PodFacts } from "../settings.ts";
import { isOwnEntry, type TurnIdentity } from "../turn.ts";
import type { ObjectState } from "../work/object-view.ts";
import type { Begun } from "./begun-mark.ts";

export interface RestoreTurn {
  readonly member: RestoreMember;
  readonly entry: RestoreEntry;
  readonly hostname: string;
  /** JSON pointer of the entry. */
  readonly pointer: string;
}

export type RestoreDecision =
  /** The application may start. */
  | { readonly kind: "start"; readonly why: string }
  | { readonly kind: "fail"; readonly why: string }
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "restore"; readonly turn: RestoreTurn };

export interface RestoreFacts {
  readonly state: ObjectState<AgentRestore>;
  readonly self: TurnIdentity;
  readonly pod: PodFacts;
  /** What the container's flags say for the case that the object is gone. */
  readonly onMissing: OnMissing;
  /** How long the object has been gone, in milliseconds; 0 while it is there. */
  readonly goneMs: number;
  /** What this pod has begun to write and not ended. */
  readonly begun: Begun | undefined;
}

/** `Start`: at once. `StartLater`: when it does not come back. `Fail`: there is nothing to start. */
export type OnMissing = "Start" | "StartLater" | "Fail";

/**
 * Who deletes a restore to make it anew does so within seconds, and its pods must not slip through in between. Who deletes
 * it for good gives up the wait for its data, and may do so long after it succeeded: then every start takes this long.
 */
export const GONE_GRACE_MS = 10_000;

/** Host name by upstream's rules, or undefined when the pod does not tell its ordinal or node. */
export function restoreHostName(member: RestoreMember, pod: PodFacts): string | undefined {
  const { target } = member.spec;
  const alias = member.alias;
  if ((target?.volumeClaimTemplates ?? []).length > 0) {
    if (target?.replicas === undefined) return alias ?? "host-0";
    return pod.ordinal === undefined ? undefined : `${alias ?? "host"}-${pod.ordinal}`;
  }
  return hostName({
    kind: member.ref.kind,
    alias,
    ...(pod.ordinal !== undefined && { ordinal: pod.ordinal }),
    ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
  });
}

/** The member that the agent stands beside. */
export function ownMember(restore: AgentRestore, self: TurnIdentity): RestoreMember | undefined {
  return restore.members.find(({ ref }) => targetKey(ref) === self.targetKey);
}

function ownTurn(member: RestoreMember, self: TurnIdentity): RestoreTurn | undefined {
  const index = member.entries.findIndex(
    (entry) => isOwnEntry(entry, self) && entry.phase !== "Succeeded" && entry.phase !== "Failed",
  );
  const entry = member.entries[index];
  if (entry?.hostname === undefined) return undefined;
  return { member, entry, hostname: entry.hostname, pointer: `${member.pointer}/${index}` };
}

function whyNot({ phase, message }: AgentRestore): string {
  return `phase ${phase}${message === undefined ? "" : `: ${message}`}`;
}

/** Nobody restores this pod's data any more. What is half written must not look like data to the application. */
function afterEnd({ begun }: RestoreFacts, why: string): RestoreDecision {
  if (begun === undefined || begun.onFailure === "Start") return { kind: "start", why };
  const what = `${begun.restore} had begun to write the data of host ${begun.hostname}, which is not whole now`;
  const next = "restore it again, or delete this pod to start the application on what there is";
  return { kind: "fail", why: `${why}; ${what} (next: ${next})` };
}

/**
 * | # | facts | decision |
 * |---|---|---|
 * | 1 | not read yet | wait |
 * | 2 | object gone, a job, or the flag says start | fail; start |
 * | 3 | object gone for a moment | wait whether it is made anew |
 * | 4 | object gone, and this pod had begun to write under `onFailure: Hold` | fail |
 * | 5 | object gone | start |
 * | 6 | restore succeeded | start |
 * | 7 | no member for this target | as rows 4 and 5 |
 * | 8 | an entry of this pod is open | restore |
 * | 9 | this host's newest entry succeeded | start |
 * | 10 | this host or the restore failed, `onFailure: Start` | start |
 * | 11 | this host or the restore failed | wait for a new attempt |
 * | 12 | otherwise | wait for the turn |
 */
export function decideRestore(facts: RestoreFacts): RestoreDecision {
  const { state, self } = facts;
  if (state.kind === "unknown") return { kind: "wait", why: "the restore has not been read yet" };
  if (state.kind === "gone") {
    const why = "the restore object does not exist any more";
    if (facts.onMissing === "Fail") return { kind: "fail", why };
    const isAwaited = facts.onMissing === "StartLater" && facts.goneMs < GONE_GRACE_MS;
    const rest = facts.onMissing === "Start" ? ({ kind: "start", why } as const) : afterEnd(facts, why);
    return isAwaited ? { kind: "wait", why: `${why}; for a moment it may be made anew` } : rest;
  }
  const restore = state.object;
  if (restore.phase === "Succeeded") return { kind: "start", why: "the restore has succeeded before" };
  const member = ownMember(restore, self);
  if (member === undefined) return afterEnd(facts, "the restore does not name this workload any more");
  const turn = ownTurn(member, self);
  if (turn !== undefined) return { kind: "restore", turn };
  const hostname = self.hostname ?? restoreHostName(member, facts.pod);
  const entry = member.entries.findLast((candidate) => candidate.hostname === hostname);
  if (entry?.phase === "Succeeded") return { kind: "start", why: `host ${hostname} was restored before` };
  const isFailed = entry?.phase === "Failed" || ["Failed", "Unknown", "Invalid"].includes(restore.phase ?? "");
  if (isFailed && restore.onFailure === "Start") {
    return { kind: "start", why: `the restore failed, and onFailure is Start: ${entry?.error ?? ""}` };
  }
  if (isFailed) return { kind: "wait", why: `the restore failed: ${entry?.error ?? whyNot(restore)}` };
  const told = restore.message === undefined ? "" : `; the restore says: ${restore.message}`;
  return { kind: "wait", why: `the turn of this pod has not come yet${told}` };
}
