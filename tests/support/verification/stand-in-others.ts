/** Those who work for a drill beside its controller, where there is no node. */
import { KINDS } from "../../../shared/api/kinds.ts";
import { listAt, textAt, valueAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { runPod } from "../session/stand-in-pods.ts";

/** The step whose work is not done. */
export type Holding = "Starting" | "Restoring" | "Verifying";

const VERIFIED = {
  members: [
    { alias: "web", files: 3, compared: 3 },
    { alias: "db", files: 1, compared: 1, tableCount: 2, rows: 7 },
  ],
};

/** What the engine, the kubelet and the agent do meanwhile. The Job controller and the garbage collector are real. */
export async function standIn(client: KubeClient, namespace: string, held: Holding | undefined): Promise<void> {
  const patchOf = (status: object) => ({ kind: "merge", body: { status } }) as const;
  const open = async (resource: Resource) => {
    const { items } = await client.list(resource, namespace, asIs);
    return items.filter((item) => valueAt(item, "metadata", "deletionTimestamp") === undefined);
  };
  const nameOf = (item: unknown) => textAt(item, "metadata", "name") ?? "";
  const isNew = (item: unknown) => valueAt(item, "status", "phase") === undefined;
  const tolerant = async (work: Promise<unknown>): Promise<void> => {
    // It may go away in the middle.
    await work.catch(() => undefined);
  };
  if (held !== "Restoring") {
    for (const batch of (await open(KINDS.RestoreBatch)).filter(isNew)) {
      // One of the application's is at work, and stays so.
      if (nameOf(batch) === "real") continue;
      const status = { phase: "Succeeded", completionTime: new Date().toISOString() };
      await tolerant(client.patchStatus(KINDS.RestoreBatch, namespace, nameOf(batch), patchOf(status), asIs));
    }
  }
  for (const pod of await open(KUBERNETES.Pod)) {
    const isServer = listAt(pod, "spec", "containers").some((container) => textAt(container, "name") === "server");
    if (textAt(pod, "status", "phase") !== "Pending" || (isServer && held === "Starting")) continue;
    await tolerant(runPod(client, pod));
  }
  if (held === "Verifying") return;
  for (const run of (await open(KINDS.HostRun)).filter(isNew)) {
    const status = { phase: "Succeeded", verified: VERIFIED };
    await tolerant(client.patchStatus(KINDS.HostRun, namespace, nameOf(run), patchOf(status), asIs));
  }
}
