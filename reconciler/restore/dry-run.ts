/**
 * A restore that only tells what it would do: the same checks and the same search for its recovery point, then restic's own dry run in the
 * sidecars of the pods that run now. No hook runs, no workload is sent through admission, nothing waits for it and it waits for nobody.
 * Pure.
 */

import { ExecutionOrder } from "../../shared/contract.ts";
import { type RestoreInvokerView, restoreInvokerView } from "../../shared/invoker/object.ts";
import { ConditionType, FILES_UNKNOWN } from "../../shared/reasons.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { type TargetEntry, withEntryCondition, withExplanation } from "../run/entries.ts";
import { planHosts } from "../run/hosts.ts";
import type { MemberAnswer } from "../run/members.ts";
import { targetRef } from "../run/view.ts";
import { planMembers } from "./plan.ts";
import type { RestoreStatus } from "./status.ts";
import type { OwnAction } from "./step.ts";
import { isJobTarget, type RestoreView } from "./view.ts";

/** The restore as it is carried out: all members at once, each by what changes nothing. */
export function withoutEffects(invoker: RestoreInvokerView): RestoreInvokerView {
  return {
    ...invoker,
    hooks: undefined,
    retry: undefined,
    executionOrder: ExecutionOrder.Parallel,
    members: invoker.members.map((member) => ({ ...member, hooks: undefined, dependsOn: [] })),
  };
}

/** The begun restore with its plan, and the condition that says what it is. */
export function withPlan(view: RestoreView, status: RestoreStatus, now: Date): RestoreStatus {
  const { members, executionOrder } = restoreInvokerView(view.object);
  const told = withEntryCondition(
    status,
    {
      type: ConditionType.DryRun,
      status: "True",
      reason: "NothingChanged",
      message: "a dry run: status.plan and the hosts' `tried` tell what the restore would do",
    },
    now,
  );
  return { ...told, plan: planMembers(view, members, executionOrder) };
}

interface Tryable {
  readonly hostnames: readonly string[];
  /** What is not tried, and why. */
  readonly untried: string | undefined;
}

/** Hosts with a pod whose sidecar can look at their files at once. */
function tryableHosts(view: RestoreView, target: TargetEntry): Tryable {
  const ref = targetRef(view, target);
  if (isJobTarget(view, target)) return { hostnames: [], untried: "a Job loads it, and tells when it does" };
  const workload = view.workloads.get(targetKey(ref));
  const plan = planHosts({ ref, alias: target.alias, workload, role: "sidecar", isPatienceOver: true });
  if (plan.kind !== "hosts") return { hostnames: [], untried: plan.message };
  const hostnames = plan.hosts.flatMap(({ hostname, pod }) => (pod === undefined ? [] : [hostname]));
  const others = plan.hosts.filter(({ pod }) => pod === undefined).map(({ hostname }) => hostname);
  const some = others.slice(0, 5).join(", ");
  return { hostnames, untried: others.length === 0 ? undefined : `no pod with a running sidecar has host ${some}` };
}

/** The turn of a member: nothing is held up, and nothing is asked of its workload. */
export function startTried(
  view: RestoreView,
  target: TargetEntry,
  withHosts: (hostnames: readonly string[], executor: string) => TargetEntry,
): MemberAnswer<OwnAction> {
  const { hostnames, untried } = tryableHosts(view, target);
  const started = withHosts(hostnames, `${hostnames.length} hosts are tried in the sidecars that run`);
  if (untried === undefined) return { target: started };
  const message = `${FILES_UNKNOWN}${untried} (${formatTarget(targetRef(view, target))})`;
  return { target: withExplanation(started, "PodNotReady", message) };
}
