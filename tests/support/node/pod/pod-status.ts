/** A pod's status as a kubelet writes it, from the facts of its containers. Pure. */
import type { V1Pod, V1PodCondition } from "@kubernetes/client-node";
import type { ContainerFacts } from "./container-facts.ts";

export interface PodView {
  readonly pod: V1Pod;
  readonly hostIp: string;
  /** Unknown until the pod's network is there. */
  readonly podIp: string | undefined;
  readonly startTime: string;
  readonly initContainers: readonly ContainerFacts[];
  readonly containers: readonly ContainerFacts[];
  /** Why the node ended the pod, such as an eviction. */
  readonly failure?: { readonly reason: string; readonly message: string };
  readonly now: string;
  /** Conditions written before, whose times stay while their status does. */
  readonly previous: readonly V1PodCondition[];
}

export interface WrittenCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime: string;
  readonly lastProbeTime: null;
}

/** Parts that a merge patch must remove are null. */
export interface PodStatusPatch {
  readonly phase: PodPhase;
  readonly reason: string | null;
  readonly message: string | null;
  readonly hostIP: string;
  readonly podIP: string | null;
  readonly podIPs: readonly { readonly ip: string }[] | null;
  readonly startTime: string;
  readonly conditions: readonly (WrittenCondition | V1PodCondition)[];
  readonly initContainerStatuses: readonly object[] | null;
  readonly containerStatuses: readonly object[];
}

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** First match wins. A container that waits to start again has a last state, and counts by the restart policy. */
const PHASE_RULES: readonly (readonly [PodPhase, (view: PodView) => boolean])[] = [
  ["Failed", (view) => view.failure !== undefined],
  ["Failed", (view) => restartsNever(view) && view.initContainers.some(hasFailed)],
  ["Pending", (view) => !view.initContainers.every(hasSucceeded)],
  ["Pending", (view) => view.containers.some((facts) => facts.state.kind === "waiting" && facts.last === undefined)],
  ["Running", (view) => view.containers.some((facts) => facts.state.kind === "running")],
  ["Running", (view) => view.pod.spec?.restartPolicy === "Always"],
  ["Running", (view) => !restartsNever(view) && !view.containers.every(hasSucceeded)],
  ["Succeeded", (view) => view.containers.every(hasSucceeded)],
  ["Failed", () => true],
];

export function nextPodPhase(view: PodView): PodPhase {
  return PHASE_RULES.find(([, applies]) => applies(view))?.[0] ?? "Failed";
}

export function buildPodStatus(view: PodView): PodStatusPatch {
  const phase = nextPodPhase(view);
  return {
    phase,
    reason: view.failure?.reason ?? null,
    message: view.failure?.message ?? null,
    hostIP: view.hostIp,
    podIP: view.podIp ?? null,
    podIPs: view.podIp === undefined ? null : [{ ip: view.podIp }],
    startTime: view.startTime,
    conditions: buildConditions(view, phase),
    initContainerStatuses: view.initContainers.length === 0 ? null : view.initContainers.map(formatContainer),
    containerStatuses: view.containers.map(formatContainer),
  };
}

interface Verdict {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason?: string;
  readonly message?: string;
}

function buildConditions(view: PodView, phase: PodPhase): readonly (WrittenCondition | V1PodCondition)[] {
  const pending = view.initContainers.filter((facts) => !hasSucceeded(facts)).map((facts) => facts.name);
  const unready = view.containers.filter((facts) => !facts.isReady).map((facts) => facts.name);
  const isOver = phase === "Succeeded" || phase === "Failed";
  const completed = phase === "Succeeded" ? { reason: "PodCompleted" } : {};
  const notReady = {
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
    ...completed,
  };
  const containersReady = unready.length === 0 && !isOver;
  const gates = (view.pod.spec?.readinessGates ?? []).map((gate) => gate.conditionType);
  const shut = gates.filter((gate) => conditionOf(view, gate)?.status !== "True");
  const verdicts: readonly Verdict[] = [
    pending.length === 0 || phase === "Succeeded"
      ? { type: "Initialized", isTrue: true, ...completed }
      : {
          type: "Initialized",
          isTrue: false,
          reason: "ContainersNotInitialized",
          message: `containers with incomplete status: [${pending.join(" ")}]`,
        },
    !containersReady
      ? { type: "Ready", isTrue: false, ...notReady }
      : shut.length === 0
        ? { type: "Ready", isTrue: true }
        : { type: "Ready", isTrue: false, reason: "ReadinessGatesNotReady", message: `not true: ${shut.join(", ")}` },
    { type: "ContainersReady", isTrue: containersReady, ...(containersReady ? {} : notReady) },
    { type: "PodScheduled", isTrue: true },
  ];
  const own = verdicts.map((verdict) => writeCondition(verdict, conditionOf(view, verdict.type), view.now));
  const foreign = (view.pod.status?.conditions ?? []).filter(
    ({ type }) => !own.some((written) => written.type === type),
  );
  return [...own, ...foreign];
}

function conditionOf(view: PodView, type: string): V1PodCondition | undefined {
  const isType = (condition: V1PodCondition): boolean => condition.type === type;
  return view.previous.find(isType) ?? view.pod.status?.conditions?.find(isType);
}

function writeCondition(verdict: Verdict, before: V1PodCondition | undefined, now: string): WrittenCondition {
  const status = verdict.isTrue ? "True" : "False";
  const since = before?.status === status ? before.lastTransitionTime : undefined;
  return {
    type: verdict.type,
    status,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
    lastTransitionTime: since === undefined ? now : new Date(since).toISOString().replace(/\.\d+Z$/, "Z"),
    lastProbeTime: null,
  };
}

function formatContainer(facts: ContainerFacts): object {
  const { state, last } = facts;
  const ended = state.kind === "terminated" ? state : last;
  const containerID = state.kind === "running" ? state.containerId : ended?.containerId;
  return {
    name: facts.name,
    image: facts.image,
    imageID: containerID === undefined ? "" : `process-node://${facts.image}`,
    ...(containerID === undefined ? {} : { containerID }),
    state: formatState(state),
    lastState: last === undefined ? {} : formatState(last),
    restartCount: facts.restartCount,
    ready: facts.isReady,
    started: facts.isStarted,
  };
}

function formatState(state: ContainerFacts["state"]): object {
  switch (state.kind) {
    case "waiting": {
      const { kind: _kind, ...waiting } = state;
      return { waiting };
    }
    case "running":
      return { running: { startedAt: state.startedAt } };
    case "terminated": {
      const { kind: _kind, containerId: containerID, ...terminated } = state;
      return { terminated: { ...terminated, containerID } };
    }
  }
}

function hasSucceeded(facts: ContainerFacts): boolean {
  return facts.state.kind === "terminated" && facts.state.exitCode === 0;
}

function hasFailed(facts: ContainerFacts): boolean {
  return facts.state.kind === "terminated" && facts.state.exitCode !== 0;
}

function restartsNever(view: PodView): boolean {
  return view.pod.spec?.restartPolicy === "Never";
}
