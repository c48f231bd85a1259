/** Facts about workloads and pods that sequencing reads: plain values, shrunk from what the API server sends. */
import type { NamedPort } from "../hooks/port-names.ts";

/** A pod, as far as it can serve a host. */
export interface PodFact {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string | undefined;
  readonly podIp: string | undefined;
  readonly createdAtMs: number;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  /** Phase Succeeded or Failed, as after an eviction: none of its containers runs again. */
  readonly isEnded: boolean;
  /** Its controller makes pods of a newer template: it will end. */
  readonly isOutdated?: boolean;
  /** Names of the containers without ours: the main one first, the others in order. */
  readonly containers: readonly string[];
  /** How long its containers have to end once they are told to, in seconds. */
  readonly graceSeconds?: number | undefined;
  /** Ports that its containers name, in the order of the containers. */
  readonly namedPorts?: readonly NamedPort[];
  /** The sidecar, where the pod has one. */
  readonly sidecar: AgentFact | undefined;
  /** Volumes of the application that lie within another one, and that the sidecar does not have. */
  readonly nestedMounts?: readonly NestedMount[] | undefined;
  /** The restore's init-container, where the pod has one. */
  readonly restoreInit: AgentFact | undefined;
  /** Of a job's pod: a program of somebody else runs in it now, which says nothing and does no work on repositories. */
  readonly isSilent?: boolean;
  /** Of a job's pod: no program of ours runs in it now, so there is nothing to be heard. */
  readonly isMute?: boolean;
  /** Of a job's pod: the AppBinding of its namespace that it works on; commands of hooks run in the pods behind that one's Service. */
  readonly behindApp?: string | undefined;
}

/** A volume in a container of the application, within another one that the sidecar has too. */
export interface NestedMount {
  /** That other one, as sourceOf() has it. */
  readonly outer: string;
  /** Place in it, with a slash at the beginning. */
  readonly below: string;
  readonly volume: string;
  /** Place in the application's container. */
  readonly path: string;
}

/** One of our containers in a pod. */
export interface AgentFact {
  readonly isRunning: boolean;
  readonly startedAtMs: number | undefined;
  /** Why it waits or ended, in the kubelet's words, or the scheduler's where no node takes the pod. */
  readonly message: string | undefined;
  /** Why it ended the last time before it started anew, in the kubelet's word. */
  readonly lastEnd?: string | undefined;
  /** With which it ended, where it has not started anew. */
  readonly exitCode?: number | undefined;
  /** `Kind/name` of the invoker that its arguments name. */
  readonly serves: string | undefined;
  /** The target that they name, where they do. */
  readonly target?: { readonly kind: string; readonly namespace: string; readonly name: string };
  /** What is mounted where, both as shared/injection/mounts.ts has them: placeOf() and sourceOf(). Undefined where nobody looked. */
  readonly mounts?: ReadonlyMap<string, string>;
}

/** A workload and its pods. */
export interface WorkloadFact {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Replicas that are wanted; of a DaemonSet the nodes that want a pod. */
  readonly replicas: number;
  /** Of a DaemonSet: its controller has not counted them yet. */
  readonly isUncounted?: boolean;
  /** First ordinal of a StatefulSet. */
  readonly firstOrdinal: number;
  readonly pods: readonly PodFact[];
  /** Hosts that jobs serve in place of the target's own pods. */
  readonly jobHosts?: readonly { readonly hostname: string; readonly pods: readonly PodFact[] }[];
}

/** Workloads by targetKey(), jobs by jobKey(); a target that is not there has no entry. */
export type Workloads = ReadonlyMap<string, WorkloadFact>;

/** Key of what jobs do for a target: another member may name the same target under another alias. */
export function jobKey(key: string, alias: string | undefined): string {
  return `${key}#${alias ?? ""}`;
}

/** What serves a target: its jobs where it has some, else its own pods. */
export function workloadOf(workloads: Workloads, key: string, alias: string | undefined): WorkloadFact | undefined {
  return workloads.get(jobKey(key, alias)) ?? workloads.get(key);
}

/** All pods that carry one of our containers, by uid. */
export type Pods = ReadonlyMap<string, PodFact>;

/** Whether a pod can still do anything: it is there and has not ended. */
export function isAlive(pods: Pods, uid: string | undefined): boolean {
  const pod = uid === undefined ? undefined : pods.get(uid);
  return pod !== undefined && !pod.isEnded;
}

/** Whether the pod is on its way out and can't be reached: its node is lost, and only the API server still has it. */
export function isLost(pod: PodFact | undefined): boolean {
  return pod === undefined || pod.isEnded || (pod.isTerminating && !pod.isReady);
}

/** How long to wait for what may never come, in milliseconds, and how much to do at once. */
export interface Limits {
  /** For a target to appear, and for a pod that can serve a host. */
  readonly podWaitMs: number;
  /** For a restore's target to appear, and for its pods: an application may be deployed long after its restore. */
  readonly restoreWaitMs: number;
  /** Without a heartbeat, before a vanished pod's host is given to another. */
  readonly heartbeatStaleMs: number;
  /** Without a heartbeat, before an agent whose pod exists is given up. */
  readonly agentSilentMs: number;
  /** For a session whose invoker has no timeOut, from its creation, where two of its periods are not longer; 0 for none. */
  readonly sessionMs: number;
  /** For a restore that has no timeOut, from its begin; 0 for none. */
  readonly restoreMs: number;
  /** For checks and prune of a Repository; for retention after the last member, where the invoker has no timeOut. */
  readonly maintenanceMs: number;
  /** How long a Repository must be at rest before checks and prune begin. */
  readonly maintenanceDelayMs: number;
  /** For a hook that has no limit of its own. */
  readonly hookMs: number;
  /** For the command of an after-hook to begin, besides the time that it may take: an API server or a node may be away. */
  readonly hookBeginMs: number;
  /** Hosts of one target that are at work at the same time. */
  readonly maxConcurrentHosts: number;
}

export const DEFAULT_LIMITS: Limits = {
  podWaitMs: 5 * 60_000,
  restoreWaitMs: 24 * 3_600_000,
  // Three of the agent's heartbeats, which come at least every 10 s.
  heartbeatStaleMs: 30_000,
  agentSilentMs: 10 * 60_000,
  sessionMs: 24 * 3_600_000,
  restoreMs: 7 * 24 * 3_600_000,
  maintenanceMs: 6 * 3_600_000,
  maintenanceDelayMs: 30_000,
  hookMs: 5 * 60_000,
  hookBeginMs: 30 * 60_000,
  maxConcurrentHosts: 20,
};
