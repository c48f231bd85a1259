/** What the programs made or marked in other namespaces: finalizers, agents' rights, copies of Secrets, CronJobs. */
import { Label, LabelValue } from "../../shared/contract.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import type { Discovery } from "../../shared/kube/client/discovery.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { formatResource, type Resource } from "../../shared/kube/resource.ts";
import { SECRETS } from "../cluster/resources.ts";
import { HELD_KINDS, OWN_FINALIZERS } from "./own-objects.ts";

export interface Leftover {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

export interface HeldObject extends Leftover {
  /** Finalizers of others, which stay. */
  readonly others: readonly string[];
}

const rbac = (plural: string): Resource => ({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  plural,
  namespaced: true,
});
const CRON_JOBS: readonly Resource[] = ["v1", "v1beta1"].map((version) => ({
  group: "batch",
  version,
  plural: "cronjobs",
  namespaced: true,
}));
const MANAGED = `${Label.ManagedBy}=${LabelValue.ManagedBy}`;

/** Bindings before roles, so that nothing refers to what is gone. */
const RIGHTS: readonly { readonly resource: Resource; readonly labelSelector: string }[] = [
  { resource: rbac("rolebindings"), labelSelector: `${MANAGED},${Label.AgentRights}` },
  { resource: rbac("roles"), labelSelector: `${MANAGED},${Label.AgentRights}` },
  { resource: SECRETS, labelSelector: `${MANAGED},${Label.CopiedFromNamespace}` },
];

function readLeftover(resource: Resource, object: unknown): Leftover {
  return {
    resource,
    namespace: textAt(object, "metadata", "namespace") ?? "",
    name: textAt(object, "metadata", "name") ?? "",
  };
}

export function formatLeftover({ resource, namespace, name }: Leftover): string {
  return formatResource(resource, namespace, name);
}

/** A kind whose definition is gone has no objects. */
async function listAll(client: Pick<KubeClient, "list">, resource: Resource, labelSelector?: string) {
  try {
    return (await client.list(resource, undefined, asIs, { labelSelector })).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

export async function findHeldObjects(client: Pick<KubeClient, "list">): Promise<readonly HeldObject[]> {
  const lists = await Promise.all(
    HELD_KINDS.map(async (resource) =>
      (await listAll(client, resource)).flatMap((object) => {
        const finalizers = listAt(object, "metadata", "finalizers").map(String);
        const others = finalizers.filter((finalizer) => !OWN_FINALIZERS.includes(finalizer));
        return others.length === finalizers.length ? [] : [{ ...readLeftover(resource, object), others }];
      }),
    ),
  );
  return lists.flat();
}

export async function release(client: Pick<KubeClient, "patch">, held: HeldObject): Promise<void> {
  const body = { metadata: { finalizers: held.others } };
  try {
    await client.patch(held.resource, held.namespace, held.name, { kind: "merge", body }, asIs);
  } catch (error) {
    // It was being deleted, and nothing else held it.
    if (!isNotFound(error)) throw error;
  }
}

/** CronJobs that would go on making sessions which nobody serves. */
export async function findTriggers(
  client: Pick<KubeClient, "list">,
  discovery: Pick<Discovery, "firstServed">,
): Promise<readonly Leftover[]> {
  const resource = await discovery.firstServed(CRON_JOBS);
  if (resource === undefined) return [];
  const objects = await listAll(client, resource, `${MANAGED},${Label.Component}=${LabelValue.ComponentBackup}`);
  return objects.map((object) => readLeftover(resource, object));
}

/** What agents need; without them it is of no use. */
export async function findRights(client: Pick<KubeClient, "list">): Promise<readonly Leftover[]> {
  const lists = await Promise.all(
    RIGHTS.map(async ({ resource, labelSelector }) =>
      (await listAll(client, resource, labelSelector)).map((object) => readLeftover(resource, object)),
    ),
  );
  return lists.flat();
}
