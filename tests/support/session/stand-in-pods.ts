/**
 * Pods without a node: the real controllers make them, and this says of them what a kubelet would say of pods whose
 * containers all run.
 */
import { listAt, textAt } from "../../../shared/json/value.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import { KUBERNETES } from "../objects/resources.ts";

function containerNames(pod: unknown): readonly string[] {
  return listAt(pod, "spec", "containers").flatMap((container) => textAt(container, "name") ?? []);
}

/** Makes one pod run. */
export async function runPod(client: KubeClient, pod: unknown): Promise<void> {
  const now = new Date().toISOString();
  const status = {
    phase: "Running",
    podIP: "127.0.0.1",
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: now }],
    containerStatuses: containerNames(pod).map((name) => ({
      name,
      image: "none",
      imageID: "none",
      containerID: `none://${name}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
  const namespace = textAt(pod, "metadata", "namespace");
  const patch = { kind: "merge", body: { status } } as const;
  await client.patchStatus(KUBERNETES.Pod, namespace, textAt(pod, "metadata", "name") ?? "", patch, asIs);
}

/** Waits for the pods of a selector and makes them run. @throws Error when they don't come */
export async function runPods(
  client: KubeClient,
  namespace: string,
  labelSelector: string,
  count: number,
): Promise<void> {
  const read = () => client.list(KUBERNETES.Pod, namespace, asIs, { labelSelector });
  const { items } = await eventually(read, (pods) => pods.items.length === count);
  await Promise.all(items.map((pod) => runPod(client, pod)));
}
