/** Who still mounts what is to be restored, and what is to be done about it, for people. Pure. */
import type { HoldReason } from "../../shared/reasons.ts";
import { formatTarget, type ResolvedTargetRef } from "../../shared/target/ref.ts";
import type { MountingPod } from "./mounting-pod.ts";

export const OLD_PODS_RUNNING: HoldReason = "OldPodsRunning";

/** So many names go into a message. */
const MOST_NAMES = 5;
const MOST_STEPS = 3;

function formatNames(pods: readonly MountingPod[]): string {
  const names = pods.map(({ name }) => name).sort();
  const more = names.length - MOST_NAMES;
  const listed = names.slice(0, MOST_NAMES).join(", ");
  return `${pods.length === 1 ? "pod" : "pods"} ${listed}${more > 0 ? ` and ${more} more` : ""}`;
}

function isOwner(ref: ResolvedTargetRef, { owner }: MountingPod): boolean {
  return owner?.kind === ref.kind && owner.name === ref.name;
}

/** For pods of the restored workload itself. */
function ownStep(ref: ResolvedTargetRef): string {
  switch (ref.kind) {
    case "Deployment":
      return `scale ${formatTarget(ref)} to 0 and up again`;
    case "StatefulSet":
      return `its pods share a volume: restore ${formatTarget(ref)} with one replica, and scale it up afterwards`;
    default:
      return "delete them; those that follow wait for their data";
  }
}

function stepFor(ref: ResolvedTargetRef, pod: MountingPod): string {
  const { owner, name } = pod;
  if (pod.isTerminating) return "they are ending; where one does not, look at its node";
  if (isOwner(ref, pod)) return ownStep(ref);
  const until = "until the restore has ended";
  if (owner === undefined) return `delete pod ${name}`;
  const whose = `${owner.kind} ${ref.namespace}/${owner.name}`;
  switch (owner.kind) {
    case "Deployment":
    case "StatefulSet":
    case "ReplicaSet":
    case "ReplicationController":
      return `scale ${whose} to 0 ${until}`;
    case "Job":
      return `wait for ${whose}, or delete it`;
    default:
      return `stop ${whose} ${until}`;
  }
}

/**
 * @param ref what is restored
 * @param pods that mount it; at least one
 * @param words for the volume
 */
export function formatOldPods(ref: ResolvedTargetRef, pods: readonly MountingPod[], words: string): string {
  const steps = [...new Set(pods.map((pod) => stepFor(ref, pod)))].slice(0, MOST_STEPS);
  return `${formatNames(pods)} ${pods.length === 1 ? "mounts" : "mount"} ${words} (next: ${steps.join("; ")})`;
}

/** Why a workload's pods are not replaced by those that wait for their data, where its controller won't do it by itself. */
export type StuckRollout = "Paused" | "OnDelete";

/**
 * @param ref what is restored
 * @param pods its own pods that run; at least one
 */
export function formatUnreplaced(
  ref: ResolvedTargetRef,
  pods: readonly MountingPod[],
  stuck: StuckRollout | undefined,
): string {
  const runs = `${formatNames(pods)} ${pods.length === 1 ? "runs" : "run"} on`;
  switch (stuck) {
    case "Paused":
      return `${formatTarget(ref)} is paused, so ${runs} (next: kubectl -n ${ref.namespace} rollout resume deployment/${ref.name})`;
    case "OnDelete":
      return `the update strategy of ${formatTarget(ref)} is OnDelete, so ${runs} (next: delete them)`;
    default:
      return `${formatNames(pods)} of ${formatTarget(ref)} ${pods.length === 1 ? "has" : "have"} not ended yet (next: if that lasts, look at the node)`;
  }
}
