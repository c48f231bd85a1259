/** Whether a pod has not begun since a volume of ours can't be mounted, by the kubelet's Events about it. */
import { textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { EVENTS } from "../../shared/kube/resources.ts";
import type { WaitingPod } from "./trouble.ts";

/**
 * Asks for what kubelets say last of volumes of the pod.
 *
 * @returns the kubelet's words where all volumes that they name are among the pod's that may be why; else undefined
 * @throws KubeError
 */
export async function findMountFailure(
  client: Pick<KubeClient, "list">,
  namespace: string,
  { name, uid, volumes }: WaitingPod,
  signal: AbortSignal,
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.uid=${uid},reason=FailedMount`;
  const { items } = await client.list(EVENTS, namespace, asIs, { fieldSelector, signal });
  const newestFirst = [...items].sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
  const all = newestFirst.map((event) => textAt(event, "message") ?? "");
  const words = all.find((one) => unmountedVolumes(one) !== undefined) ?? all.find((one) => failedVolume(one));
  if (words === undefined) return undefined;
  const named = unmountedVolumes(words) ?? [failedVolume(words) ?? ""];
  return named.every((volume) => volumes.includes(volume)) ? `pod ${name}: ${words}` : undefined;
}

function timeOf(event: unknown): string {
  return textAt(event, "lastTimestamp") ?? textAt(event, "eventTime") ?? "";
}

/** All volumes that the kubelet still waits for, which it says after two minutes. It lists others behind them. */
function unmountedVolumes(words: string): readonly string[] | undefined {
  const list = /unmounted volumes=\[([^\]]{1,2000})\]/.exec(words)?.[1];
  return list?.split(/[\s,]+/).filter((name) => name !== "");
}

/** One volume, said at once; of a claim's it is the name of the PersistentVolume, which tells nothing here. */
function failedVolume(words: string): string | undefined {
  return /MountVolume\.SetUp failed for volume "([^"]{1,253})"/.exec(words)?.[1];
}
