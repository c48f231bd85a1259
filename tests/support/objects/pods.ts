/** Waits for pods of a workload, as a test or the demo sees them through the API. */
import { messageOf } from "../../../shared/errors.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import { follow } from "./follow.ts";
import { KUBERNETES } from "./resources.ts";

export interface PodSummary {
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly isBeingDeleted: boolean;
  /** Init-containers first. */
  readonly containers: readonly string[];
  /** Those of them that run now. */
  readonly runs: readonly string[];
  /** Containers (of both sorts) that wait or ended badly, with the reason. */
  readonly troubles: readonly string[];
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly running?: object;
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode?: number; readonly reason?: string };
  };
}

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string }[];
    readonly containers: readonly { readonly name: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

function isPod(value: unknown): value is Pod {
  return typeof value === "object" && value !== null && "metadata" in value && "spec" in value;
}

/** @throws Error when the value is no pod */
export function parsePodSummary(value: unknown): PodSummary {
  if (!isPod(value)) throw new Error("the API server sent no pod");
  const statuses = [...(value.status?.initContainerStatuses ?? []), ...(value.status?.containerStatuses ?? [])];
  return {
    name: value.metadata.name,
    uid: value.metadata.uid,
    phase: value.status?.phase ?? "",
    isReady: value.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    isBeingDeleted: value.metadata.deletionTimestamp !== undefined,
    containers: [...(value.spec.initContainers ?? []), ...value.spec.containers].map(({ name }) => name),
    runs: statuses.flatMap(({ name, state }) => (state?.running === undefined ? [] : [name])),
    troubles: statuses.flatMap(({ name, state }) => {
      if (state?.waiting !== undefined)
        return [`${name}: ${state.waiting.reason ?? ""} ${state.waiting.message ?? ""}`.trim()];
      if (state?.terminated !== undefined && state.terminated.exitCode !== 0) {
        return [`${name}: ${state.terminated.reason ?? "ended"} ${state.terminated.exitCode ?? ""}`.trim()];
      }
      return [];
    }),
  };
}

export async function listPods(
  client: KubeClient,
  namespace: string,
  labelSelector: string,
): Promise<readonly PodSummary[]> {
  const { items } = await client.list(KUBERNETES.Pod, namespace, parsePodSummary, { labelSelector });
  return items;
}

/** Waits until the pods are as wanted. @throws Error that tells how they were at the end, and what their controllers say */
export async function waitForPods(
  client: KubeClient,
  at: { readonly namespace: string; readonly selector: string; readonly timeoutMs: number },
  areAsWanted: (pods: readonly PodSummary[]) => boolean,
): Promise<readonly PodSummary[]> {
  try {
    const pods = {
      resource: KUBERNETES.Pod,
      namespace: at.namespace,
      labelSelector: at.selector,
      parse: parsePodSummary,
    };
    return await follow(client, pods, (read) => eventually(read, areAsWanted, at.timeoutMs));
  } catch (error) {
    const told = await listWarnings(client, at.namespace);
    throw new Error(`pods ${at.selector} of ${at.namespace}: ${messageOf(error)}\nwarnings there: ${told.join("\n")}`);
  }
}

const MAX_WARNINGS = 8;

/** What the cluster's own controllers say about the namespace's pods and their owners, the newest last. */
async function listWarnings(client: KubeClient, namespace: string): Promise<readonly string[]> {
  const { items } = await client.list(KUBERNETES.Event, namespace, asIs, { fieldSelector: "type=Warning" });
  const events = items.map((event) => ({
    at: textAt(event, "lastTimestamp") ?? textAt(event, "eventTime") ?? "",
    text: `${textAt(event, "involvedObject", "name")}: ${textAt(event, "reason")}: ${textAt(event, "message")}`,
  }));
  return events
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .slice(-MAX_WARNINGS)
    .map(({ at, text }) => `${at} ${text}`);
}

/** Waits until exactly `count` pods exist, all ready, none on its way out. */
export function waitForReadyPods(
  client: KubeClient,
  namespace: string,
  selector: string,
  count: number,
  timeoutMs: number,
): Promise<readonly PodSummary[]> {
  return waitForPods(client, { namespace, selector, timeoutMs }, (pods) => {
    return pods.length === count && pods.every((pod) => pod.isReady && !pod.isBeingDeleted);
  });
}

/** As waitForReadyPods, and each pod has a container of that name. */
export function waitForContainer(
  client: KubeClient,
  namespace: string,
  selector: string,
  container: string,
  count: number,
  timeoutMs: number,
): Promise<readonly PodSummary[]> {
  return waitForPods(client, { namespace, selector, timeoutMs }, (pods) => {
    return (
      pods.length === count &&
      pods.every((pod) => pod.isReady && !pod.isBeingDeleted && pod.containers.includes(container))
    );
  });
}
