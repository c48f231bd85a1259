/** What a restore would do, member by member, as far as the objects of the cluster tell. Pure. */
import type { PlannedRestore } from "../../shared/api/invoker.ts";
import { ExecutionOrder } from "../../shared/contract.ts";
import { isJobMember, type RestoreMemberView } from "../../shared/invoker/object.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { type MemberState, memberTurns } from "../run/order.ts";
import type { RestoreView } from "./view.ts";

/** The step in which each member starts, when all goes well. A member that never starts has step 0. */
export function stepsOf(members: readonly RestoreMemberView[], executionOrder: string): readonly number[] {
  const states = members.map((): MemberState => "Pending");
  const steps = members.map(() => 0);
  for (let step = 1; step <= members.length; step++) {
    const turns = memberTurns({
      executionOrder: executionOrder || ExecutionOrder.Parallel,
      failFast: undefined,
      members: members.map(({ alias, ref, dependsOn }, at) => ({
        names: [alias ?? ref.name],
        dependsOn,
        state: states[at] ?? "Pending",
      })),
    });
    const starting = members.flatMap((_member, at) =>
      states[at] === "Pending" && turns.of(at).kind === "start" ? [at] : [],
    );
    if (starting.length === 0) break;
    for (const at of starting) {
      states[at] = "Succeeded";
      steps[at] = step;
    }
  }
  return steps;
}

/** What brings a member its data. */
export function howOf(member: RestoreMemberView): string {
  if (!isJobMember(member)) return "init-container of its pods";
  return member.taskName === undefined ? "Job" : `Job with Task ${member.taskName}`;
}

/** @param replicas of its workload; undefined where that does not exist */
export function restartsOf(member: RestoreMemberView, replicas: number | undefined): string {
  if (isJobMember(member)) return "nothing";
  if (replicas === undefined) return "nothing: it does not exist yet";
  if (replicas === 0) return "nothing: it has no replicas";
  return replicas === 1 ? "its pod" : `its ${replicas} pods`;
}

/** What stands against a member now. Who else mounts its volumes is looked at when a restore is at work, and not told. */
function waitsFor(view: RestoreView, member: RestoreMemberView): readonly string[] {
  const key = targetKey(member.ref);
  const holder = view.holders.get(key);
  const isMissing = !isJobMember(member) && !view.workloads.has(key);
  const held = view.heldElsewhere.get(key) ?? [];
  return [
    ...(holder === undefined ? [] : [`${holder} works on the same target`]),
    ...(isMissing ? [`${formatTarget(member.ref)} does not exist: it is waited for`] : []),
    ...held.map(({ pod, waitsFor: other }) => `pod ${pod} still waits for ${other.replace("/", " ")}`),
  ];
}

/** One entry a member, in the order of the spec. @param members as they are written, with their order */
export function planMembers(
  view: RestoreView,
  members: readonly RestoreMemberView[],
  executionOrder: string,
): readonly PlannedRestore[] {
  const steps = stepsOf(members, executionOrder);
  return members.map((member, at) => {
    const { alias, ref } = member;
    const waits = waitsFor(view, member);
    return {
      ...(alias !== undefined && { alias }),
      kind: ref.kind,
      name: ref.name,
      step: steps[at] ?? 0,
      by: howOf(member),
      restarts: restartsOf(member, view.workloads.get(targetKey(ref))?.replicas),
      ...(waits.length > 0 && { waitsFor: waits }),
    };
  });
}
