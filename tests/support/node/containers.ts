/** What happens to containers on real nodes: they are killed, and their pods are evicted for what they write. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { KUBERNETES } from "../objects/resources.ts";
import type { NodeFacts } from "./node.ts";

const run = promisify(execFile);

/** Signals what is in the container's control group, or those of a name there; prints how many processes that were. */
const SIGNAL_GROUP = `
count=0
for list in $(find /sys/fs/cgroup/"$1" /sys/fs/cgroup/memory/"$1" -path "*$2*" -name cgroup.procs 2>/dev/null); do
  for pid in $(cat "$list"); do
    [ -z "$4" ] || [ "$4" = "$(cat "/proc/$pid/comm" 2>/dev/null)" ] || continue
    kill -s "$3" "$pid" 2>/dev/null && count=$((count + 1))
  done
done
echo "$count"`;

/** Signals the processes of a container, as the kernel would. @throws Error when it does not run */
export async function killContainer(
  client: KubeClient,
  nodes: readonly NodeFacts[],
  namespace: string,
  pod: string,
  container: string,
  signal: NodeJS.Signals = "SIGKILL",
): Promise<void> {
  const count = await signalIn(client, nodes, { namespace, pod, container, program: "" }, signal);
  if (count === 0) throw new Error(`container ${container} of ${namespace}/${pod} does not run`);
}

export interface ProgramInContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Name of its process. Empty: all that run there. */
  readonly program: string;
}

/** @returns how many processes got the signal. @throws Error when the container has not begun */
export async function signalIn(
  client: KubeClient,
  nodes: readonly NodeFacts[],
  { namespace, pod, container, program }: ProgramInContainer,
  signal: NodeJS.Signals,
): Promise<number> {
  const object = await client.get(KUBERNETES.Pod, namespace, pod, asIs);
  const node = nodeOf(nodes, object);
  const statuses = ["initContainerStatuses", "containerStatuses"].flatMap((at) => objectsAt(object, "status", at));
  const id = statuses.find(({ name }) => name === container);
  const hex = (textAt(id, "containerID") ?? "").replace(/^.*:\/\//, "");
  if (hex === "") throw new Error(`container ${container} of ${namespace}/${pod} has not begun`);
  const words = [node.cgroup, hex, signal.replace("SIG", ""), program];
  const { stdout } = await run("sh", ["-c", SIGNAL_GROUP, "signal", ...words]);
  return Number(stdout.trim());
}

/**
 * Fills a volume of a pod beyond its limit, so that the kubelet evicts the pod.
 *
 * @param volume an emptyDir on disk with a sizeLimit
 */
export async function overfill(
  client: KubeClient,
  nodes: readonly NodeFacts[],
  namespace: string,
  pod: string,
  volume: string,
  sizeBytes: number,
): Promise<void> {
  const object = await client.get(KUBERNETES.Pod, namespace, pod, asIs);
  const uid = textAt(object, "metadata", "uid") ?? "";
  const folder = join(nodeOf(nodes, object).podsDir, uid, "volumes/kubernetes.io~empty-dir", volume);
  await writeFile(join(folder, "too-much"), Buffer.alloc(sizeBytes));
}

function nodeOf(nodes: readonly NodeFacts[], pod: unknown): NodeFacts {
  const name = textAt(pod, "spec", "nodeName");
  const node = nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(`the pod is on node ${name}, which is none of the test's`);
  return node;
}
