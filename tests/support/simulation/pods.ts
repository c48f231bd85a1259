/** Pods of simulated workloads: what their controllers and kubelet would make of them. */
import type { PodFact, WorkloadFact } from "../../../reconciler/run/world.ts";

export interface SimulatedWorkload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
}

export interface SimulatedPod {
  readonly name: string;
  readonly uid: string;
  readonly workload: SimulatedWorkload;
  readonly nodeName: string;
  readonly createdAtMs: number;
  isReady: boolean;
  hasAgent: boolean;
  isAgentRunning: boolean;
  isEnded: boolean;
  isTerminating: boolean;
  /** Why its agent ended the last time. */
  lastEnd: string | undefined;
  agentStartedAtMs: number;
  /** Of a job: somebody else's program runs in it now, or none for a moment between two. */
  mute?: "foreign" | "between";
  graceSeconds?: number;
  /** Of a job: the application that it works on. */
  behindApp?: string;
  /** Whether the pod waits in the init-container of the restore. */
  isWaiting: boolean;
  /** Whether its template has that init-container, which stays there when it has ended. */
  isOfRestore: boolean;
  /** What its sidecar has where; undefined where nobody looks. */
  mounts?: ReadonlyMap<string, string>;
}

/** All pods of a simulated cluster. */
export class SimulatedPods {
  readonly #pods = new Map<string, SimulatedPod>();
  #serial = 0;

  /** Makes the pods that a workload wants. */
  fill(workload: SimulatedWorkload, nowMs: number): void {
    for (let at = 0; at < workload.replicas; at += 1) this.add(workload, at, nowMs);
  }

  /** Makes one pod; a StatefulSet's keeps its name, others get a new one each time. */
  add(workload: SimulatedWorkload, at: number, nowMs: number): SimulatedPod {
    this.#serial += 1;
    const suffix = workload.kind === "StatefulSet" ? at : `p${this.#serial}`;
    const pod: SimulatedPod = {
      name: `${workload.name}-${suffix}`,
      uid: `uid-${this.#serial}`,
      workload,
      nodeName: `node-${at}`,
      createdAtMs: nowMs,
      isReady: true,
      hasAgent: true,
      isAgentRunning: true,
      isEnded: false,
      isTerminating: false,
      lastEnd: undefined,
      agentStartedAtMs: nowMs,
      isWaiting: false,
      isOfRestore: false,
    };
    this.#pods.set(pod.uid, pod);
    return pod;
  }

  remove(uid: string): void {
    this.#pods.delete(uid);
  }

  list(): readonly SimulatedPod[] {
    return [...this.#pods.values()];
  }

  get(name: string): SimulatedPod {
    const pod = this.list().find((candidate) => candidate.name === name);
    if (pod === undefined) throw new Error(`there is no pod ${name}; there are ${this.list().map((p) => p.name)}`);
    return pod;
  }

  facts(): ReadonlyMap<string, PodFact> {
    const carrying = this.list().filter((pod) => pod.hasAgent);
    return new Map(carrying.map((pod) => [pod.uid, podFact(pod)]));
  }

  workloadFact(workload: SimulatedWorkload): WorkloadFact {
    const pods = this.list().filter((pod) => pod.workload === workload && pod.hasAgent);
    return { ...workload, uid: `uid-${workload.name}`, firstOrdinal: 0, pods: pods.map(podFact) };
  }
}

function podFact(pod: SimulatedPod): PodFact {
  return {
    namespace: pod.workload.namespace,
    name: pod.name,
    uid: pod.uid,
    nodeName: pod.nodeName,
    podIp: "127.1.0.1",
    createdAtMs: pod.createdAtMs,
    isReady: pod.isReady,
    isTerminating: pod.isTerminating,
    isEnded: pod.isEnded,
    containers: ["app"],
    ...(pod.mute !== undefined && { isMute: true, isSilent: pod.mute === "foreign" }),
    ...(pod.graceSeconds !== undefined && { graceSeconds: pod.graceSeconds }),
    ...(pod.behindApp !== undefined && { behindApp: pod.behindApp }),
    sidecar: {
      isRunning: pod.isAgentRunning,
      startedAtMs: pod.agentStartedAtMs,
      message: undefined,
      lastEnd: pod.lastEnd,
      serves: undefined,
      ...(pod.mounts !== undefined && { mounts: pod.mounts }),
    },
    restoreInit: pod.isOfRestore
      ? { isRunning: pod.isWaiting, startedAtMs: pod.agentStartedAtMs, message: undefined, serves: "RestoreBatch/back" }
      : undefined,
  };
}
