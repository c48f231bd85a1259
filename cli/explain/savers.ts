/** Who backs a workload up, and the points of a batch: what of the cluster's objects tells it. */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { type BackupInvokerView, backupInvokerView } from "../../shared/invoker/object.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/interface.ts";
import type { Saver, SaversView } from "../coverage/decide.ts";
import { readInvokers } from "../objects/invokers.ts";
import { readObjects } from "../objects/read.ts";
import { isPointOf, type Point } from "../points/decide.ts";
import { gatherPoints } from "../points/gather.ts";
import type { FileObjects } from "./file-world.ts";

const SERVICES: Resource = { group: "", version: "v1", plural: "services", namespaced: true };

/** Objects of the files stand before those of the cluster; what somebody may not read tells nothing. */
export async function gatherSaversView(
  namespace: string,
  { backups, appBindings }: FileObjects,
  cluster: Cluster | undefined,
): Promise<SaversView> {
  if (cluster === undefined) return { invokers: backups, appBindings, services: [] };
  const [invokers, bindings, services] = await Promise.all([
    readable(async () => (await readInvokers(cluster, namespace)).entries),
    readable(async () => (await readObjects(cluster, KINDS.AppBinding, parseAppBinding, { namespace })).entries),
    readable(() => cluster.list(SERVICES, namespace)),
  ]);
  const isNew = (one: BackupInvokerView) =>
    !backups.some((known) => known.kind === one.kind && known.namespace === one.namespace && known.name === one.name);
  return {
    invokers: [...backups, ...invokers.map(({ object }) => backupInvokerView(object)).filter(isNew)],
    appBindings: [...appBindings, ...bindings.map(({ object }) => object)],
    services,
  };
}

async function readable<T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await read();
  } catch (thrown) {
    if (toUserError(thrown).code === "API_FORBIDDEN") return [];
    throw thrown;
  }
}

export async function gatherPointsOf(
  cluster: Cluster,
  { namespace, name }: Pick<BackupInvokerView, "namespace" | "name">,
): Promise<readonly Point[]> {
  const { points } = await gatherPoints(cluster, namespace);
  // Retention leaves those of other clusters alone.
  return points.filter((point) => point.cluster === undefined && isPointOf(point, { metadata: { namespace, name } }));
}

export function formatSaver({ by, member, isJob }: Saver): string {
  return `  backed up by a ${isJob ? "Job" : "sidecar"} as member ${member} of ${by}`;
}
