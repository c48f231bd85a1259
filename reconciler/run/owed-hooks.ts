/** Which after-hook of a host is to run next, and in which pod. Pure. */
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { Handler } from "../../shared/api/hooks.ts";
import type { OwedHook } from "../../shared/api/host-run.ts";
import { reconcilerPart } from "../../shared/hooks/parts.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { hooksOf, isToRepeat } from "../hooks/records.ts";
import type { HostEntry, TargetEntry } from "./entries.ts";
import type { RunFacts, RunStatus } from "./facts.ts";
import { isLost, jobKey } from "./world.ts";

export interface DueAfterHook {
  readonly handler: Handler;
  readonly policy: string | undefined;
  /** Where the before-hook ran, as long as that can be reached; undefined: in the pod that took its place. */
  readonly podUID: string | undefined;
  /** Of the application behind whose Service the before-hook ran. */
  readonly owed: OwedHook | undefined;
}

/** Stands for the target in what is kept of its hooks. */
export function owedTarget<Status extends RunStatus>(facts: RunFacts<Status>, target: TargetEntry): string {
  return jobKey(targetKey(facts.refOf(target)), target.alias);
}

function isOpen(records: readonly HookResult[]): boolean {
  return records.length === 0 || isToRepeat(records);
}

/** Pods in which the before-hook began, each once, in order. */
function podsBegunIn(records: readonly HookResult[]): readonly string[] {
  return [...new Set(records.flatMap(({ podUID }) => podUID ?? []))];
}

/**
 * First row that matches. The hook is what it was when the before-hook began, else what the invoker says now.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | no command for the reconciler to run | none |
 * | 2 | it was skipped by its policy, or given up | none |
 * | 3 | the before-hook began in a pod that can be reached, and the after-hook has not run there | there |
 * | 4 | it has run, or was cut off too often | none |
 * | 5 | the before-hook began, or there is none and a pod had the host's turn | in the pod that took its place |
 */
export function dueAfterHook<Status extends RunStatus>(
  facts: RunFacts<Status>,
  target: TargetEntry,
  host: HostEntry,
): DueAfterHook | undefined {
  const { words, pods } = facts;
  const { hostname } = host;
  const key = owedTarget(facts, target);
  const kept = facts.owed.filter((one) => one.target === key && one.hostname === hostname);
  const member = facts.memberOf(target);
  const live = reconcilerPart(member?.after);
  if (live === undefined && kept.length === 0) return undefined;
  const befores = hooksOf(target.hooks, words.before, hostname);
  const afters = hooksOf(target.hooks, words.after, hostname);
  if (afters.some(({ podUID }) => podUID === undefined)) return undefined;
  const due = (podUID: string | undefined, owed: OwedHook | undefined): DueAfterHook | undefined => {
    const handler = owed?.after ?? live;
    const policy = owed === undefined ? member?.afterPolicy : owed.afterPolicy;
    return handler && { handler, policy, podUID, owed };
  };
  for (const podUID of podsBegunIn(befores)) {
    const owed = kept.find((one) => one.podUID === podUID);
    const isApp = owed?.behindApp !== undefined || pods.get(podUID)?.behindApp !== undefined;
    const answer = due(podUID, owed);
    const isDue = answer !== undefined && isOpen(afters.filter((one) => one.podUID === podUID));
    if (isDue && (isApp || !isLost(pods.get(podUID)))) return answer;
  }
  if (!isOpen(afters)) return undefined;
  const isOwed = befores.length > 0;
  const hadPod = host.pod !== undefined || (host.formerPods?.length ?? 0) > 0;
  const isFree = reconcilerPart(member?.before) === undefined && hadPod;
  return isOwed || isFree ? due(undefined, kept.at(-1)) : undefined;
}
