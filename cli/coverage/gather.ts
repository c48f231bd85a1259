/** Reads what coverage is decided by, and decides. */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { saysOptOut } from "../../shared/injection/opt-out.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { backupInvokerView } from "../../shared/invoker/object.ts";
import { textAt } from "../../shared/json/value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/interface.ts";
import { allInOrder } from "../objects/all-in-order.ts";
import { readInvokers } from "../objects/invokers.ts";
import { readObjects } from "../objects/read.ts";
import { readWorkloads } from "../objects/workloads.ts";
import { type CoverageRow, decideCoverage } from "./decide.ts";

const core = (plural: string, namespaced = true): Resource => ({ group: "", version: "v1", plural, namespaced });

export interface GatheredCoverage {
  /** Covered ones, too. */
  readonly rows: readonly CoverageRow[];
  /** Why single objects could not be read. */
  readonly failures: readonly string[];
}

/** Of the namespaces that the cluster's scope has. */
export async function gatherCoverage(cluster: Cluster): Promise<GatheredCoverage> {
  const namespace = cluster.scope;
  const [workloads, claims, invokers, appBindings, services, optedOutNamespaces] = await allInOrder([
    readWorkloads(cluster, namespace),
    cluster.list(core("persistentvolumeclaims"), namespace),
    readInvokers(cluster),
    readObjects(cluster, KINDS.AppBinding, parseAppBinding),
    cluster.list(core("services"), namespace),
    readOptedOut(cluster, namespace),
  ]);
  const rows = decideCoverage({
    workloads: workloads.map(({ facts }) => facts),
    claims,
    invokers: invokers.entries.map(({ object }) => backupInvokerView(object)),
    appBindings: appBindings.entries.map(({ object }) => object),
    services,
    optedOutNamespaces,
  });
  return { rows, failures: [...invokers.failures, ...appBindings.failures] };
}

/** Namespaces that say inject: disabled. Whoever may not look at namespaces is told of none. */
async function readOptedOut(cluster: Cluster, namespace: string | undefined): Promise<ReadonlySet<string>> {
  const resource = core("namespaces", false);
  try {
    const found =
      namespace === undefined
        ? await cluster.list(resource, undefined)
        : [await cluster.find(resource, undefined, namespace)];
    const textsOf = (one: unknown, what: "annotations" | "labels") => textMapAt(one, "metadata", what);
    const out = found.filter((one) =>
      saysOptOut({ annotations: textsOf(one, "annotations"), labels: textsOf(one, "labels") }),
    );
    return new Set(out.flatMap((one) => textAt(one, "metadata", "name") ?? []));
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === "API_FORBIDDEN") return new Set();
    throw thrown;
  }
}
