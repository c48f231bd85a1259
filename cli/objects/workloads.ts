/** Workloads that have pods of their own: what may join a batch by its label, or be named by one. */
import type { KindEntry } from "../../shared/api/kinds.ts";
import { Label } from "../../shared/contract.ts";
import { readWorkload, type WorkloadFacts } from "../../shared/injection/workload.ts";
import { labelledMember } from "../../shared/invoker/labelled-member.ts";
import type { Resource, Selection } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/interface.ts";
import type { NamedMember } from "../restore/build-object.ts";
import { allInOrder } from "./all-in-order.ts";

type AppsKind = Resource & Pick<KindEntry, "kind" | "apiVersion">;

const apps = (kind: string, plural: string): AppsKind => ({
  kind,
  apiVersion: "apps/v1",
  group: "apps",
  version: "v1",
  plural,
  namespaced: true,
});

export const WORKLOAD_KINDS: readonly AppsKind[] = [
  apps("Deployment", "deployments"),
  apps("StatefulSet", "statefulsets"),
  apps("DaemonSet", "daemonsets"),
];

export interface ReadWorkload {
  readonly raw: unknown;
  readonly facts: WorkloadFacts;
}

export async function readWorkloads(
  cluster: Cluster,
  namespace: string | undefined,
  selection: Selection = {},
): Promise<readonly ReadWorkload[]> {
  const lists = WORKLOAD_KINDS.map(async (entry) => {
    const { kind, apiVersion } = entry;
    const items = await cluster.list(entry, namespace, selection);
    return items.flatMap((raw): ReadWorkload[] => {
      const facts = readWorkload({ apiVersion, kind, ...Object(raw) });
      return facts === undefined ? [] : [{ raw, facts }];
    });
  });
  return (await allInOrder(lists)).flat();
}

/** Members that join the batch by their label. @throws UserError INVALID_OBJECT naming the annotation that can't be read */
export async function readLabelledMembers(
  cluster: Cluster,
  namespace: string,
  batch: string,
): Promise<readonly NamedMember[]> {
  const found = await readWorkloads(cluster, namespace, { labelSelector: `${Label.BackupBatch}=${batch}` });
  return found.map(({ facts }) => {
    const spec = labelledMember(facts);
    return { name: spec.target?.alias ?? facts.name, spec };
  });
}
