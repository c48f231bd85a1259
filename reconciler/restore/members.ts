/** Rows that bring a member to its turn: what stands against it, and what comes to it later. Pure. */
import { ExecutionOrder } from "../../shared/contract.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { isStarted } from "../run/completion.ts";
import { runHosts, runTargets, withRunTarget } from "../run/facts.ts";
import { hostnamesOf } from "../run/hosts.ts";
import { createMemberRows } from "../run/members.ts";
import { targetRef } from "../run/view.ts";
import { runFacts } from "./facts.ts";
import { newHost, startMember, totalHostsOf } from "./member-start.ts";
import type { RestoreStatus } from "./status.ts";
import type { OwnAction, Row, Step } from "./step.ts";
import type { RestoreView } from "./view.ts";

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

/** Nodes of a DaemonSet whose pod came after the member started, and nodes that came or went. */
export const moreHosts: Row = {
  name: "more hosts",
  next(view, status, now): Step | undefined {
    if (view.invoker.isDryRun) return undefined;
    for (const [index, target] of runTargets(status).entries()) {
      const ref = targetRef(view, target);
      const workload = view.workloads.get(targetKey(ref));
      if (ref.kind !== "DaemonSet" || !isStarted(target) || workload === undefined) continue;
      const hosts = runHosts(target);
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
