/** Where a container's count of restarts begins: at nothing, or at what an earlier life of the node wrote. Pure. */
import type { V1Container, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { ContainerFacts, TerminatedState } from "./container-facts.ts";

/** @param waitingReason what a container waits for that has not run yet */
export function readFactsBefore(pod: V1Pod, container: V1Container, waitingReason: string): ContainerFacts {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const status = statuses.find(({ name }) => name === container.name);
  const last = status && readLast(status);
  return {
    name: container.name,
    image: container.image ?? "",
    state: { kind: "waiting", reason: waitingReason },
    ...(last === undefined ? {} : { last }),
    restartCount: status === undefined || last === undefined ? 0 : status.restartCount + 1,
    isReady: false,
    isStarted: false,
  };
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
