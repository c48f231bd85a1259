/** Whether a pod that waits in its init-container has nothing to wait for. Pure. */
import type { ReleaseMode } from "../../shared/api/closed-lists.ts";
import { UserError } from "../../shared/errors.ts";
import { type RestoreInvokerView, type RestoreMemberView, restoreInvokerView } from "../../shared/invoker/object.ts";
import { hostName, podOrdinal } from "../../shared/target/hosts.ts";
import { resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { savedForHost, selectRule } from "../../shared/target/restore-rules.ts";
import { type RestoreObject, type RestoreStatus, readRestoreStatus } from "../restore/status.ts";
import { hostsOf, targetsOf } from "../restore/view.ts";
import { isOpenHost } from "../run/entries.ts";
import type { PodFact } from "../run/world.ts";

export interface ReleaseFacts {
  readonly pod: Pick<PodFact, "name" | "uid" | "nodeName">;
  /** Workload that the init-container stands beside, as its arguments say. */
  readonly target: { readonly kind: string; readonly namespace: string; readonly name: string };
  /** The restore that it waits for; undefined when there is none of the name. */
  readonly restore: RestoreObject | undefined;
  /** Its whole status, where that is more than the object has. */
  readonly whole?: RestoreStatus | undefined;
  /** The volumes that it restores are those of every replica: what was restored on one is there for all. */
  readonly isShared?: boolean;
  /** For how long there has been none, in milliseconds. */
  readonly goneMs: number;
}

export type ReleaseDecision =
  | { readonly kind: "wait"; readonly againInMs?: number }
  | { readonly kind: "release"; readonly mode: ReleaseMode; readonly message: string };

/**
 * Who deletes a restore to make it anew does so within seconds, and its pods must not slip through in between. Who deletes
 * it for good gives up the wait for its data, and may do so long after it succeeded: then every start takes this long.
 */
export const GONE_GRACE_MS = 10_000;

const WAIT: ReleaseDecision = { kind: "wait" };

function release(mode: ReleaseMode, message: string): ReleaseDecision {
  return { kind: "release", mode, message };
}

/** A spec that can't be read says nothing about its members: nobody is let go because of it. */
function readInvoker(restore: RestoreObject): RestoreInvokerView | undefined {
  try {
    return restoreInvokerView(restore);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Host of a pod by upstream's rules, or undefined when the pod does not tell its ordinal or node. */
function restoreHostName(member: RestoreMemberView, pod: ReleaseFacts["pod"]): string | undefined {
  const { alias, ref } = member;
  const ordinal = podOrdinal(pod.name);
  return hostName({
    kind: ref.kind,
    alias,
    ...(ordinal !== undefined && { ordinal }),
    ...(pod.nodeName !== undefined && { nodeName: pod.nodeName }),
  });
}

/**
 * Why a pod that came after a restore must not start without its data; undefined when the restore was to bring it none, as far as
 * that is known: a rule for all hosts without a recovery point does not tell which hosts have data.
 */
function whyLeft(
  { kind, metadata }: RestoreObject,
  { recoveryPoint }: RestoreStatus,
  { ref, alias, target }: RestoreMemberView,
  hostname: string,
): string | undefined {
  const rules = target.rules ?? [];
  const host = { target: ref, alias, hostname, podName: undefined };
  const isWanted =
    recoveryPoint === undefined
      ? selectRule(rules, host)?.targetHosts?.length
      : savedForHost(rules, host, recoveryPoint).saved.length;
  if (!isWanted) return undefined;
  const { name, namespace } = metadata;
  const whose = `${kind} ${namespace}/${name} has data of host ${hostname} to bring, and ended before the pod was there`;
  return `${whose} (next: restore again with this replica there, or delete ${kind} ${name}: the pod then starts without it)`;
}

/**
 * | # | facts | decision |
 * |---|---|---|
 * | 1 | restore gone for a moment | wait whether it is made anew |
 * | 2 | restore gone | release what is whole |
 * | 3 | no member for this target, or a spec that can't be read | release what is whole, or all of a restore that succeeded; else wait |
 * | 4 | restore succeeded without this host, whose data it was to bring, on volumes of its own | hold, with the next step; `onFailure: Start`: release |
 * | 5 | restore succeeded | release |
 * | 6 | an entry of this pod is open | wait |
 * | 7 | this host's newest entry succeeded | release |
 * | 8 | this host or the restore failed, `onFailure: Start` | release |
 * | 9 | this host, by another pod, or the restore failed | hold, with the reason |
 * | 10 | otherwise | wait |
 */
export function decideRelease({
  pod,
  target,
  restore,
  whole,
  isShared = false,
  goneMs,
}: ReleaseFacts): ReleaseDecision {
  if (restore === undefined) {
    if (goneMs < GONE_GRACE_MS) return { kind: "wait", againInMs: GONE_GRACE_MS - goneMs };
    return release("IfWhole", "the restore object does not exist any more");
  }
  const status = whole ?? readRestoreStatus(restore);
  const hasSucceeded = status.phase === "Succeeded";
  const done = release("Always", "the restore has succeeded before");
  const invoker = readInvoker(restore);
  if (invoker === undefined) return hasSucceeded ? done : WAIT;
  const member = invoker.members.find(({ ref }) => targetKey(ref) === targetKey(target));
  if (member === undefined) {
    return hasSucceeded ? done : release("IfWhole", "the restore does not name this workload any more");
  }
  const { namespace } = restore.metadata;
  const entries = targetsOf(status)
    .filter(({ ref, alias }) => {
      const isSame = targetKey(resolveTargetRef(ref, namespace)) === targetKey(target);
      return isSame && (alias || undefined) === member.alias;
    })
    .flatMap(hostsOf);
  const hostname = restoreHostName(member, pod);
  if (hasSucceeded) {
    const isKnown = isShared || hostname === undefined || entries.some((entry) => entry.hostname === hostname);
    const left = isKnown ? undefined : whyLeft(restore, status, member, hostname);
    if (left === undefined) return done;
    return invoker.onFailure === "Start"
      ? release("Always", `onFailure is Start, and ${left}`)
      : release("Never", left);
  }
  if (entries.some((entry) => entry.podUID === pod.uid && isOpenHost(entry))) return WAIT;
  const entry = entries.findLast((candidate) => candidate.hostname === hostname);
  if (entry?.phase === "Succeeded") return release("Always", `host ${hostname} was restored before`);
  const isFailed = entry?.phase === "Failed" || ["Failed", "Unknown", "Invalid"].includes(status.phase ?? "");
  if (!isFailed) return WAIT;
  const why = entry?.error || status.message || `its phase is ${status.phase}`;
  if (invoker.onFailure === "Start") return release("Always", `the restore failed, and onFailure is Start: ${why}`);
  // A pod that failed by itself knows why.
  return entry?.podUID === pod.uid ? WAIT : release("Never", `the restore failed: ${why}`);
}
