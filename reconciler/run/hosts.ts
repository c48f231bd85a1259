/** Which hosts a workload has, and which pod serves each. Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import type { HoldReason } from "../../shared/reasons.ts";
import { hostName } from "../../shared/target/hosts.ts";
import { formatTarget, type ResolvedTargetRef } from "../../shared/target/ref.ts";
import type { PodFact, WorkloadFact } from "./world.ts";

/** Which of our containers must run in the pod. */
export type AgentRole = "sidecar" | "restoreInit";

export interface HostPlan {
  readonly hostname: string;
  /** Undefined while no pod can serve the host. */
  readonly pod: PodFact | undefined;
  /** Those that it could be, now or later. */
  readonly candidates: readonly PodFact[];
}

export type TargetPlan =
  | { readonly kind: "hosts"; readonly hosts: readonly HostPlan[] }
  | { readonly kind: "hold"; readonly reason: HoldReason; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

export interface HostsView {
  readonly ref: ResolvedTargetRef;
  readonly alias: string | undefined;
  readonly workload: WorkloadFact | undefined;
  readonly role: AgentRole;
  /** The wait is over: take what there is, ready or not. */
  readonly isPatienceOver: boolean;
}

function canServe(pod: PodFact, role: AgentRole, isPatienceOver: boolean): boolean {
  const agent = pod[role];
  if (pod.isTerminating || pod.isEnded || agent === undefined || !agent.isRunning) return false;
  // A pod is not ready while its init-containers run.
  return role === "restoreInit" || pod.isReady || isPatienceOver;
}

function byAge(a: PodFact, b: PodFact): number {
  return a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1);
}

function isComing(pod: PodFact, role: AgentRole): boolean {
  return !pod.isTerminating && !pod.isEnded && pod[role] !== undefined && pod.isOutdated !== true;
}

/**
 * Pods of the newest revision first, then ready ones, then the oldest. While one of the newest revision is on its way none of an older one
 * is taken: the rollout is about to end it.
 */
function bestPod(pods: readonly PodFact[], view: HostsView): PodFact | undefined {
  const serving = pods.filter((pod) => canServe(pod, view.role, view.isPatienceOver));
  const isRolling = !view.isPatienceOver && pods.some((pod) => isComing(pod, view.role));
  const taken = isRolling ? serving.filter(({ isOutdated }) => isOutdated !== true) : serving;
  const outdated = ({ isOutdated = false }: PodFact) => Number(isOutdated);
  return taken.sort((a, b) => Number(b.isReady) - Number(a.isReady) || outdated(a) - outdated(b) || byAge(a, b))[0];
}

function plan(view: HostsView, source: { ordinal?: number; nodeName?: string }, pods: readonly PodFact[]): HostPlan {
  const hostname = hostName({ kind: view.ref.kind, alias: view.alias, ...source });
  return { hostname: hostname ?? view.alias ?? "host-0", pod: bestPod(pods, view), candidates: pods };
}

/**
 * Whoever may scale a workload writes any number there. Far more than one has, since each replica is a pod, and few enough that all members
 * of a batch are planned within moments.
 */
export const MOST_REPLICAS = 5_000;

/** Why a StatefulSet is not worked for; undefined where it can be. */
export function whyTooMany({ kind, namespace, name, replicas }: WorkloadFact): string | undefined {
  if (kind !== "StatefulSet" || replicas <= MOST_REPLICAS) return undefined;
  return `StatefulSet ${namespace}/${name} has ${replicas} replicas, and ${MOST_REPLICAS} are the most`;
}

/** Looked at once for all hosts: a DaemonSet has thousands. */
function groupPods(pods: readonly PodFact[], keyOf: (pod: PodFact) => string | undefined) {
  const groups = new Map<string, PodFact[]>();
  for (const pod of pods) {
    const key = keyOf(pod);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [pod]);
    else group.push(pod);
  }
  return groups;
}

function statefulSetHosts(view: HostsView, workload: WorkloadFact): readonly HostPlan[] {
  const byName = groupPods(workload.pods, ({ name }) => name);
  return Array.from({ length: Math.min(workload.replicas, MOST_REPLICAS) }, (_, at) => {
    const ordinal = workload.firstOrdinal + at;
    return plan(view, { ordinal }, byName.get(`${workload.name}-${ordinal}`) ?? []);
  });
}

/** One host a node that has a pod. Nodes whose pod has not been made have no name yet. */
function daemonSetHosts(view: HostsView, workload: WorkloadFact): readonly HostPlan[] {
  const byNode = groupPods(workload.pods, ({ nodeName }) => nodeName);
  return [...byNode.keys()].sort().map((nodeName) => plan(view, { nodeName }, byNode.get(nodeName) ?? []));
}

function hostsOfWorkload(view: HostsView, workload: WorkloadFact): readonly HostPlan[] {
  if (workload.jobHosts !== undefined) {
    return workload.jobHosts.map(({ hostname, pods }) => ({ hostname, pod: bestPod(pods, view), candidates: pods }));
  }
  switch (view.ref.kind) {
    case "StatefulSet":
      return statefulSetHosts(view, workload);
    case "DaemonSet":
      return daemonSetHosts(view, workload);
    default:
      return [plan(view, {}, workload.pods)];
  }
}

/** Names of a workload's hosts, served or not. */
export function hostnamesOf(
  ref: ResolvedTargetRef,
  alias: string | undefined,
  workload: WorkloadFact,
): readonly string[] {
  const view = { ref, alias, workload, role: "sidecar", isPatienceOver: true } as const;
  return hostsOfWorkload(view, workload).map(({ hostname }) => hostname);
}

/**
 * Hosts of a target: a Deployment has one (its oldest ready pod of the newest revision serves it), a StatefulSet one an ordinal, a DaemonSet one
 * a node. A target is held until at least one of its hosts can be served, a DaemonSet until every node that wants a pod
 * has one.
 */
export function planHosts(view: HostsView): TargetPlan {
  const { workload, ref } = view;
  const target = formatTarget(ref);
  if (workload === undefined) {
    return { kind: "hold", reason: "TargetMissing", code: "NOT_FOUND", message: `${target} does not exist` };
  }
  if (workload.replicas === 0 && workload.isUncounted === true) {
    const message = `nobody has counted yet how many pods ${target} wants`;
    return { kind: "hold", reason: "PodNotReady", code: "SIDECAR_NOT_RUNNING", message };
  }
  if (workload.replicas === 0) {
    return { kind: "failed", code: "NO_REPLICAS", message: `${target} has no replicas` };
  }
  const canBegin = workload.pods.some((pod) => canServe(pod, view.role, view.isPatienceOver));
  const hosts = canBegin ? hostsOfWorkload(view, workload) : [];
  const isShort = ref.kind === "DaemonSet" && hosts.length < workload.replicas && !view.isPatienceOver;
  if (isShort || hosts.every((host) => host.pod === undefined)) {
    return { kind: "hold", reason: "PodNotReady", code: "SIDECAR_NOT_RUNNING", message: whyNotServed(view, workload) };
  }
  return { kind: "hosts", hosts };
}

/** Tells which step towards a serving pod is missing. */
function whyNotServed({ ref, role }: HostsView, workload: WorkloadFact): string {
  const target = formatTarget(ref);
  const container = role === "sidecar" ? "stash" : "stash-init";
  const living = workload.pods.filter((pod) => !pod.isEnded && !pod.isTerminating);
  const carrying = living.filter((pod) => pod[role] !== undefined);
  const first = carrying[0];
  if (first === undefined) return `no pod of ${target} carries the container ${container}`;
  const running = carrying.find((pod) => pod[role]?.isRunning);
  if (running?.isReady === true)
    return `a rollout of ${target} is about to end pod ${running.name}, and no pod of the new template is ready`;
  if (running !== undefined) return `pod ${running.name} of ${target} is not ready`;
  const why = first[role]?.message;
  return `the container ${container} of pod ${first.name} is not running${why === undefined ? "" : `: ${why}`}`;
}

/** What is known of why none of a host's pods serves it: the words of the kubelet or the scheduler, if they have any. */
export function whyUnserved(candidates: readonly PodFact[], role: AgentRole): string | undefined {
  const carrying = candidates.filter((pod) => !pod.isEnded && !pod.isTerminating && pod[role] !== undefined);
  const told = carrying.find((pod) => pod[role]?.message !== undefined);
  if (told !== undefined) return `pod ${told.name}: ${told[role]?.message}`;
  const [first] = carrying;
  return first === undefined ? undefined : `pod ${first.name} is not ready`;
}
