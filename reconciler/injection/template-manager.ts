/** Who wrote a workload's pod template last, from its managed fields. */
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { WORKLOADS } from "../../shared/kube/resources.ts";
import type { WorkloadId } from "../invoker/workload-key.ts";

/** Under this name the reconciler writes the request annotation, and so whatever admission makes of it. */
export const FIELD_MANAGER = "stash-batch-reconciler";

const UNKNOWN = "unknown";

/** The field manager that wrote the template last, ourselves left out; `unknown` when the object doesn't tell. */
export function templateManager(workload: unknown): string {
  const entries = listAt(workload, "metadata", "managedFields")
    .filter((entry) => isJsonObject(valueAt(entry, "fieldsV1", "f:spec", "f:template")))
    .filter((entry) => textAt(entry, "manager") !== FIELD_MANAGER)
    .sort((a, b) => ((textAt(a, "time") ?? "") < (textAt(b, "time") ?? "") ? 1 : -1));
  return textAt(entries[0], "manager") ?? UNKNOWN;
}

export async function findTemplateManager(
  client: Pick<KubeClient, "find">,
  { kind, namespace, name }: WorkloadId,
  signal: AbortSignal,
): Promise<string> {
  return (await client.find(WORKLOADS[kind], namespace, name, templateManager, { signal })) ?? UNKNOWN;
}
