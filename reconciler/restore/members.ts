/** Rows that bring a member to its turn: what stands against it, and what comes to it later. Pure. */
import { ExecutionOrder } from "../../shared/contract.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { isOver, isRefused, isStarted } from "../run/completion.ts";
import { type HostEntry, isAssigned, isOpenHost } from "../run/entries.ts";
import { runHosts, runTargets, withRunTarget } from "../run/facts.ts";
import { hostnamesOf } from "../run/hosts.ts";
import { createMemberRows } from "../run/members.ts";
import { targetRef } from "../run/view.ts";
import { RESTORE_WORDS, runFacts } from "./facts.ts";
import { newHost, startMember, totalHostsOf } from "./member-start.ts";
import type { RestoreStatus } from "./status.ts";
import type { OwnAction, Row, Step } from "./step.ts";
import { isJobTarget, type RestoreView } from "./view.ts";

export const { startMembers, dueActions: dueRequests } = createMemberRows<RestoreView, RestoreStatus, OwnAction>({
  factsOf: runFacts,
  orderOf({ invoker: { executionOrder, driver } }) {
    // Data of a later member is of no use to an application whose earlier one could not be restored.
    const isOrdered = executionOrder === ExecutionOrder.Sequential;
    return { executionOrder, driver, failFast: isOrdered ? "the members after it build on its data" : undefined };
  },
  obstacle: () => undefined,
  start: startMember,
});

/** Whether a host got its turn, now or before. */
function hadTurn(host: HostEntry): boolean {
  return !isOpenHost(host) || isAssigned(host) || host.attempt !== undefined;
}

/**
 * A workload that was scaled to 0 before any host had its turn waits as one does that had no replicas from the start: within a limit, and
 * in nobody's way.
 */
export const stopMembers: Row = {
  name: "stopped members",
  next(view, status): Step | undefined {
    if (view.invoker.isDryRun) return undefined;
    for (const [index, target] of runTargets(status).entries()) {
      const isWaiting = isStarted(target) && !isOver(target) && !isRefused(RESTORE_WORDS, target);
      if (!isWaiting || isJobTarget(view, target) || (target.hooks ?? []).length > 0) continue;
      const workload = view.workloads.get(targetKey(targetRef(view, target)));
      if (workload?.replicas !== 0 || runHosts(target).some(hadTurn)) continue;
      return {
        status: withRunTarget(status, index, ({ totalHosts: _totalHosts, stats: _stats, ...waiting }) => waiting),
      };
    }
    return undefined;
  },
};

/**
 * Replicas that were added or taken away since the member started, and nodes of a DaemonSet that came or went. A replica that is not wanted
 * any more is not waited for; where none is wanted somebody only stopped the workload.
 */
export const moreHosts: Row = {
  name: "more hosts",
  next(view, status, now): Step | undefined {
    if (view.invoker.isDryRun) return undefined;
    for (const [index, target] of runTargets(status).entries()) {
      const ref = targetRef(view, target);
      const workload = view.workloads.get(targetKey(ref));
      const isFixed = !["DaemonSet", "StatefulSet"].includes(ref.kind) || isJobTarget(view, target);
      if (isFixed || !isStarted(target) || isRefused(RESTORE_WORDS, target) || workload === undefined) continue;
      const before = runHosts(target);
      const wanted = new Set(hostnamesOf(ref, target.alias, workload));
      const isGone = ({ hostname = "" }: HostEntry) =>
        ref.kind === "StatefulSet" && wanted.size > 0 && !wanted.has(hostname);
      const hosts = before.filter((host) => hadTurn(host) || !isGone(host));
      const fresh = [...wanted].filter((hostname) => !hosts.some((host) => host.hostname === hostname));
      const totalHosts = totalHostsOf(ref.kind, hosts.length + fresh.length, workload.replicas);
      if (fresh.length === 0 && hosts.length === before.length && totalHosts === target.totalHosts) continue;
      const stats = [...hosts, ...fresh.map((hostname) => newHost(hostname, now))];
      return { status: withRunTarget(status, index, (old) => ({ ...old, totalHosts, stats })) };
    }
    return undefined;
  },
};
