/** Where a container's count of restarts begins: at nothing, or at what an earlier life of the node wrote. Pure. */
import type { V1Container, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { ContainerFacts, TerminatedState } from "./container-facts.ts";
import { isRestartedAfter, type RestartPolicy } from "./container-outcome.ts";

/**
 * @param waitingReason what a container waits for that has not run yet
 * @param policy a container that it forbids to run again has ended for good
 */
export function readFactsBefore(
  pod: V1Pod,
  container: V1Container,
  waitingReason: string,
  policy: RestartPolicy,
): ContainerFacts {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const status = statuses.find(({ name }) => name === container.name);
  const last = status && readLast(status);
  const own = { name: container.name, image: container.image ?? "", isReady: false, isStarted: false };
  const waiting = { kind: "waiting", reason: waitingReason } as const;
  if (status === undefined || last === undefined) return { ...own, state: waiting, restartCount: 0 };
  // An init-container that succeeded runs again with the pod's new start, as after a reboot of a real node.
  const isInit = pod.spec?.initContainers?.some(({ name }) => name === container.name) === true;
  const runsAgain = isRestartedAfter(policy, last.exitCode) || (isInit && last.exitCode === 0);
  if (!runsAgain) return { ...own, state: last, restartCount: status.restartCount };
  return { ...own, state: waiting, last, restartCount: status.restartCount + 1 };
}

function readLast({ state, lastState, containerID }: V1ContainerStatus): TerminatedState | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  const startedAt = state?.running?.startedAt ?? ended?.startedAt;
  if (startedAt === undefined) return undefined;
  const wasRunning = state?.running !== undefined;
  return {
    kind: "terminated",
    // Who was running when the node stopped was killed.
    exitCode: wasRunning ? 137 : (ended?.exitCode ?? 137),
    reason: wasRunning ? "Error" : (ended?.reason ?? "Error"),
    startedAt: formatTime(startedAt),
    finishedAt: formatTime(wasRunning ? new Date() : (ended?.finishedAt ?? startedAt)),
    containerId: containerID ?? ended?.containerID ?? "",
  };
}

function formatTime(time: Date): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
