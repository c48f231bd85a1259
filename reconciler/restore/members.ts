/** Rows that bring a member to its turn: its order among them, and what comes to it later. Pure. */
import { Driver, ExecutionOrder } from "../../shared/contract.ts";
import { formatUserError } from "../../shared/errors.ts";
import { formatTarget, targetKey } from "../../shared/target.ts";
import { whyOutside } from "../authority.ts";
import { withExplanation } from "../run/entries.ts";
import { hostnamesOf } from "../run/hosts.ts";
import { type MemberState, memberTurns, type OrderedMember, type Turn, type TurnOf } from "../run/order.ts";
import { withRunTarget } from "../run/run-facts.ts";
import { isRefused, isStarted } from "../run/settled.ts";
import { withRefusal } from "./give-up.ts";
import { type MemberAnswer, newHost, startJobMember, startMember, totalHostsOf } from "./member-start.ts";
import type { RestoreStatus } from "./restore-status.ts";
import { RESTORE_WORDS } from "./run-rows.ts";
import { isBegun } from "./start.ts";
import type { Action, Row, Step } from "./step.ts";
import { hostsOf, type MemberStatus, memberOf, type RestoreView, targetRef, targetsOf } from "./view.ts";

function memberState(target: MemberStatus): MemberState {
  if (target.phase === "Succeeded") return "Succeeded";
  if (target.phase === "Failed" || target.phase === "Unknown") return "Failed";
  return isStarted(target) ? "Running" : "Pending";
}

function orderedMembers(view: RestoreView, status: RestoreStatus): readonly OrderedMember[] {
  return targetsOf(status).map((target) => ({
    names: [target.alias ?? targetRef(view, target).name],
    dependsOn: memberOf(view, target)?.dependsOn ?? [],
    state: memberState(target),
  }));
}

function obstacle(view: RestoreView, target: MemberStatus): Turn | undefined {
  const member = memberOf(view, target);
  const ref = targetRef(view, target);
  if (member === undefined) {
    return { kind: "refuse", code: "INVALID_OBJECT", message: `${formatTarget(ref)} was removed from the restore` };
  }
  if (view.invoker.driver !== Driver.Restic) {
    const message = `${formatTarget(ref)}: driver ${view.invoker.driver} is not served, only ${Driver.Restic}`;
    return { kind: "refuse", code: "TARGET_INVALID", message };
  }
  const outside = whyOutside(view.object.metadata.namespace, member);
  if (outside !== undefined) return { kind: "refuse", code: outside.code, message: formatUserError(outside) };
  const other = view.busyTargets.get(targetKey(ref));
  if (other !== undefined) return { kind: "hold", reason: "OtherSessionRunning", message: `waits for ${other}` };
  return undefined;
}

function turnsOf(view: RestoreView, status: RestoreStatus): TurnOf {
  const { executionOrder } = view.invoker;
  const members = orderedMembers(view, status);
  // Data of a later member is of no use to an application whose earlier one could not be restored.
  const isOrdered = executionOrder === ExecutionOrder.Sequential;
  const failFast = isOrdered ? "the members after it build on its data" : undefined;
  return memberTurns({ executionOrder, failFast, members });
}

function advance(view: RestoreView, turns: TurnOf, index: number, target: MemberStatus, now: Date): MemberAnswer {
  const turn = turns(index);
  const answer = turn.kind === "start" ? (obstacle(view, target) ?? turn) : turn;
  switch (answer.kind) {
    case "refuse":
      return { target: withRefusal(target, answer.code, answer.message, now) };
    case "hold":
      return { target: withExplanation(target, answer.reason, answer.message) };
    case "start": {
      const job = view.jobs.get(index);
      return job === undefined ? startMember(view, target, now) : startJobMember(view, target, job, index, now);
    }
  }
}

export const startMembers: Row = {
  name: "a member's turn",
  next(view, status, now): Step | undefined {
    if (!isBegun(status)) return undefined;
    const turns = turnsOf(view, status);
    for (const [index, target] of targetsOf(status).entries()) {
      if (isStarted(target) || isRefused(RESTORE_WORDS, target)) continue;
      const answer = advance(view, turns, index, target, now);
      if (answer.target === target) continue;
      return {
        status: withRunTarget(status, index, () => answer.target),
      };
    }
    return undefined;
  },
};

/** Nodes of a DaemonSet whose pod came after the member started, and nodes that came or went. */
export const moreHosts: Row = {
  name: "more hosts",
  next(view, status, now): Step | undefined {
    for (const [index, target] of targetsOf(status).entries()) {
      const ref = targetRef(view, target);
      const workload = view.workloads.get(targetKey(ref));
      if (ref.kind !== "DaemonSet" || !isStarted(target) || workload === undefined) continue;
      const hosts = hostsOf(target);
      const fresh = hostnamesOf(ref, target.alias, workload).filter(
        (hostname) => !hosts.some((host) => host.hostname === hostname),
      );
      const totalHosts = totalHostsOf(ref.kind, hosts.length + fresh.length, workload.replicas);
      if (fresh.length === 0 && totalHosts === target.totalHosts) continue;
      const stats = [...hosts, ...fresh.map((hostname) => newHost(hostname, now))];
      return { status: withRunTarget(status, index, (old) => ({ ...old, totalHosts, stats })) };
    }
    return undefined;
  },
};

/** Requests that are due now, whatever the table says: they change workloads, not the status. */
export function dueRequests(view: RestoreView, status: RestoreStatus, now: Date): readonly Action[] {
  if (!isBegun(status)) return [];
  const turns = turnsOf(view, status);
  return targetsOf(status).flatMap((target, index) =>
    isStarted(target) || isRefused(RESTORE_WORDS, target)
      ? []
      : (advance(view, turns, index, target, now).actions ?? []),
  );
}
