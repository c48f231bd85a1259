/** Takes our parts out of workloads; what stays is, byte for byte, what their owners wrote. */
import { Annotation } from "../../shared/contract.ts";
import { carriesOwnParts } from "../../shared/injection/own-parts.ts";
import { decideStrategy, readStrategy } from "../../shared/injection/strategy.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { atVersion, type JsonPatchOperation } from "../../shared/kube/client/patch.ts";
import { formatResource, type Resource } from "../../shared/kube/resource.ts";
import { withoutOwnParts } from "../../webhook/inject/without.ts";
import { buildPatch, escapePointer } from "../../webhook/patch.ts";
import { withStrategy } from "../../webhook/workload-patch.ts";

const apps = (plural: string): Resource => ({ group: "apps", version: "v1", plural, namespaced: true });
const WORKLOADS = [apps("deployments"), apps("statefulsets"), apps("daemonsets")];
/** What the reconciler and upstream wrote on the workloads themselves. */
const OWN_ANNOTATIONS: readonly string[] = [
  Annotation.RequestedInjection,
  Annotation.RequestedRestore,
  Annotation.UpstreamBackupInvoker,
  Annotation.UpstreamBackupInvokerKind,
  Annotation.UpstreamRestoreInvoker,
  Annotation.UpstreamRestoreInvokerKind,
];

export interface CarryingWorkload {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly operations: readonly JsonPatchOperation[];
}

/** Every workload of the cluster that carries something of ours, with what takes it out. */
export async function findCarryingWorkloads(client: Pick<KubeClient, "list">): Promise<readonly CarryingWorkload[]> {
  const lists = await Promise.all(
    WORKLOADS.map(async (resource) => {
      const { items } = await client.list(resource, undefined, asIs);
      return items.flatMap((workload) => planRemoval(resource, workload) ?? []);
    }),
  );
  return lists.flat();
}

/** @returns undefined when the workload carries nothing of ours */
export function planRemoval(resource: Resource, workload: unknown): CarryingWorkload | undefined {
  const podTemplate = valueAt(workload, "spec", "template");
  if (!isJsonObject(podTemplate)) return undefined;
  const annotations = textMapAt(workload, "metadata", "annotations");
  const left = OWN_ANNOTATIONS.filter((key) => annotations[key] !== undefined);
  const isCarrying = carriesOwnParts(podTemplate);
  // A restore that is still open holds a Deployment's strategy.
  const strategy = decideStrategy({
    kind: resource.plural === "deployments" ? "Deployment" : "",
    isUnderRestore: false,
    state: readStrategy(workload),
  });
  if (!isCarrying && left.length === 0 && strategy === undefined) return undefined;
  return {
    resource,
    namespace: textAt(workload, "metadata", "namespace") ?? "",
    name: textAt(workload, "metadata", "name") ?? "",
    operations: [
      // Only what was looked at is changed.
      atVersion(textAt(workload, "metadata", "resourceVersion") ?? ""),
      ...left.map((key) => ({ op: "remove" as const, path: `/metadata/annotations/${escapePointer(key)}` })),
      ...(isCarrying ? buildPatch(podTemplate, withoutOwnParts(podTemplate), "/spec/template") : []),
      ...(strategy === undefined || !isJsonObject(workload)
        ? []
        : buildPatch(workload, withStrategy(workload, strategy))),
    ],
  };
}

export function formatWorkload({ resource, namespace, name }: CarryingWorkload): string {
  return formatResource(resource, namespace, name);
}

export async function removeParts(client: Pick<KubeClient, "patch">, workload: CarryingWorkload): Promise<void> {
  const { resource, namespace, name, operations } = workload;
  await client.patch(resource, namespace, name, { kind: "json", operations }, asIs);
}
