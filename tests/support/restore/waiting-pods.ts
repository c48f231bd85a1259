/** Pods without a node that wait in the init-container of a restore: what a kubelet would say of them. */
import { Container } from "../../../shared/contract.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import { KUBERNETES } from "../objects/resources.ts";

/** Waits for the pods of a selector and lets their init-container run. @throws Error when they don't come */
export async function letPodsWait(client: KubeClient, namespace: string, labelSelector: string, count: number) {
  const read = () => client.list(KUBERNETES.Pod, namespace, asIs, { labelSelector });
  const { items } = await eventually(read, (pods) => pods.items.length === count);
  await Promise.all(items.map((pod) => letWait(client, namespace, textAt(pod, "metadata", "name") ?? "")));
}

async function letWait(client: KubeClient, namespace: string, name: string): Promise<void> {
  const now = new Date().toISOString();
  const running = {
    name: Container.RestoreInit,
    image: "none",
    imageID: "none",
    containerID: "none://init",
    ready: false,
    restartCount: 0,
    state: { running: { startedAt: now } },
  };
  const status = {
    phase: "Pending",
    podIP: "127.0.0.1",
    conditions: [{ type: "Ready", status: "False", lastTransitionTime: now }],
    initContainerStatuses: [running],
  };
  await client.patchStatus(KUBERNETES.Pod, namespace, name, { kind: "merge", body: { status } }, asIs);
}
