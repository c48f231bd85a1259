/** Random histories of a session: what may happen to it, in any order, and then the way to its end. */
import fc from "fast-check";
import { sessionOrders } from "../../../reconciler/backup-session/host-runs.ts";
import type { SiblingSession } from "../../../reconciler/backup-session/view.ts";
import { repositoryOrder } from "../../../reconciler/run/host-runs.ts";
import type { BackupBatch } from "../../../shared/api/backup-batch.ts";
import type { BackupMember } from "../../../shared/api/member.ts";
import { canonicalJson } from "../../../shared/hash.ts";
import type { SimulatedWorkload } from "./pods.ts";
import { type HostAt, SessionSimulation } from "./session-simulation.ts";

/** One thing that happens; `pick` chooses among what there is. */
export interface HistoryEvent {
  readonly kind:
    | "host runs"
    | "host succeeds"
    | "host fails"
    | "host finds no repository"
    | "actions succeed"
    | "action fails"
    | "pod dies"
    | "pod is evicted"
    | "pod comes"
    | "pod turns"
    | "hook succeeds"
    | "hook fails"
    | "restart"
    | "time passes"
    | "invoker goes";
  readonly pick: number;
}

const KINDS: readonly HistoryEvent["kind"][] = [
  "host runs",
  "host succeeds",
  "host succeeds",
  "host fails",
  "host finds no repository",
  "actions succeed",
  "actions succeed",
  "action fails",
  "pod dies",
  "pod is evicted",
  "pod comes",
  "pod turns",
  "hook succeeds",
  "hook succeeds",
  "hook fails",
  "restart",
  "time passes",
  "time passes",
];

export interface History {
  readonly members: readonly { readonly kind: string; readonly replicas: number; readonly hooks: number }[];
  readonly isSequential: boolean;
  readonly isFailFast: boolean;
  readonly isTimed: boolean;
  /** An earlier session found the repository. */
  readonly isKnown: boolean;
  readonly retryLeft: number;
  readonly globalHooks: number;
  readonly events: readonly HistoryEvent[];
}

const event = fc.record({
  kind: fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...KINDS) },
    { weight: 1, arbitrary: fc.constant("invoker goes" as const) },
  ),
  pick: fc.nat(1_000),
});

export const anyHistory: fc.Arbitrary<History> = fc.record({
  members: fc.array(
    fc.record({
      kind: fc.constantFrom("Deployment", "StatefulSet", "DaemonSet"),
      replicas: fc.integer({ min: 0, max: 3 }),
      hooks: fc.nat(3),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  isSequential: fc.boolean(),
  isFailFast: fc.boolean(),
  isTimed: fc.boolean(),
  isKnown: fc.boolean(),
  retryLeft: fc.nat(1),
  globalHooks: fc.nat(3),
  events: fc.array(event, { maxLength: 40 }),
});

/** Bit 0: a before-hook, bit 1: an after-hook. */
function hooks(bits: number, name: string) {
  return {
    ...((bits & 1) !== 0 && { preBackup: { exec: { command: [`before-${name}`] } } }),
    ...((bits & 2) !== 0 && { postBackup: { exec: { command: [`after-${name}`] } } }),
  };
}

export function startHistory(history: History): SessionSimulation {
  const workloads: SimulatedWorkload[] = history.members.map(({ kind, replicas }, index) => ({
    kind,
    namespace: "demo",
    name: `m${index}`,
    replicas,
  }));
  const members = history.members.map(
    ({ kind, hooks: bits }, index): BackupMember => ({
      target: { alias: `m${index}`, ref: { apiVersion: "apps/v1", kind, name: `m${index}` }, paths: ["/data"] },
      hooks: hooks(bits, `m${index}`),
    }),
  );
  const batch: BackupBatch = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
    spec: {
      members,
      executionOrder: history.isSequential ? "Sequential" : "Parallel",
      failurePolicy: history.isFailFast ? "FailFast" : "Continue",
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 1, prune: true },
      hooks: hooks(history.globalHooks, "all"),
      retryConfig: { maxRetry: 1, delay: "10s" },
      ...(history.isTimed && { timeOut: "10m" }),
    },
  };
  const simulation = new SessionSimulation({ batch, workloads, retryLeft: history.retryLeft });
  if (history.isKnown) simulation.siblings.push(theSessionBefore(simulation));
  return simulation;
}

/** It found the repository that the session is to use. */
export function theSessionBefore({ repository, nowMs }: SessionSimulation): SiblingSession {
  const found = repository === undefined ? undefined : repositoryOrder(repository).repository;
  return {
    name: "before",
    createdAtMs: nowMs - 3_600_000,
    phase: "Succeeded",
    isStarted: true,
    retryOf: undefined,
    looked: { repository: canonicalJson(found ?? null), isThere: true },
  };
}

function pickOf<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % Math.max(1, items.length)];
}

/** Hosts that a living pod has. */
function servedHosts(simulation: SessionSimulation): readonly HostAt[] {
  const pods = simulation.pods.facts();
  return simulation.hosts().filter(({ host }) => host.podUID !== undefined && pods.has(host.podUID));
}

function isOpen({ host }: HostAt): boolean {
  return host.phase === "Pending" || host.phase === "Running";
}

function openActions({ host }: HostAt) {
  const ended = new Set((host.results ?? []).map(({ action }) => action));
  return (host.actions ?? []).filter((action) => !ended.has(action));
}

function endHost(
  simulation: SessionSimulation,
  at: HostAt,
  isGood: boolean,
  reason: "RESTIC_KILLED" | "REPOSITORY_NOT_FOUND" = "RESTIC_KILLED",
): void {
  const finishedAt = new Date(simulation.nowMs).toISOString();
  simulation.report(at, (host) =>
    isGood
      ? {
          ...host,
          phase: "Succeeded",
          finishedAt,
          snapshots: [{ name: `snapshot-of-${host.hostname}`, path: "/data" }],
        }
      : { ...host, phase: "Failed", finishedAt, reason, error: "it failed" },
  );
}

/** An agent reports the results of the work that it was given; a host that waits for the repository does not end. */
function endActions(simulation: SessionSimulation, at: HostAt, isGood: boolean): void {
  const results = openActions(at).map((action) =>
    isGood
      ? { action, phase: "Succeeded" as const }
      : { action, phase: "Failed" as const, reason: "BACKEND_UNREACHABLE", message: "no route" },
  );
  simulation.report(at, (host) => ({ ...host, results: [...(host.results ?? []), ...results] }));
}

/** Whether the host's pod was given its order. */
function isOrdered(simulation: SessionSimulation, { host, targetIndex }: HostAt): boolean {
  return sessionOrders(simulation.view(), simulation.status, new Map()).some(
    ({ spec }) => spec.targetIndex === targetIndex && spec.host === host.hostname && spec.work === "Backup",
  );
}

/** The one that looks for the repository tells first how that went. */
function mayEnd(simulation: SessionSimulation, at: HostAt): boolean {
  return isOrdered(simulation, at) && openActions(at).length === 0;
}

/** Lets the event happen, if there is something that it can happen to. */
export function happen(simulation: SessionSimulation, { kind, pick }: HistoryEvent): void {
  const served = servedHosts(simulation);
  const open = pickOf(served.filter(isOpen), pick);
  const busy = pickOf(
    served.filter((at) => openActions(at).length > 0),
    pick,
  );
  const pod = pickOf(simulation.pods.list(), pick);
  const hook = pickOf([...simulation.running.keys()], pick);
  const workload = pickOf(simulation.workloads, pick);
  const finishedAt = new Date(simulation.nowMs).toISOString();
  switch (kind) {
    case "host runs":
      if (open !== undefined) {
        simulation.report(open, (host) => ({ ...host, phase: "Running", progress: { heartbeat: finishedAt } }));
      }
      return;
    case "host succeeds":
      if (open !== undefined && mayEnd(simulation, open)) endHost(simulation, open, true);
      return;
    case "host fails":
      if (open !== undefined) endHost(simulation, open, false);
      return;
    case "host finds no repository":
      if (open !== undefined && isOrdered(simulation, open)) endHost(simulation, open, false, "REPOSITORY_NOT_FOUND");
      return;
    case "actions succeed":
    case "action fails":
      if (busy !== undefined) endActions(simulation, busy, kind === "actions succeed");
      return;
    case "pod dies":
      if (pod !== undefined) simulation.pods.remove(pod.uid);
      return;
    case "pod is evicted":
      if (pod !== undefined) pod.isEnded = true;
      return;
    case "pod comes":
      if (workload !== undefined && workload.replicas > 0) comeBack(simulation, workload, pick);
      return;
    case "pod turns":
      if (pod !== undefined) pod.isReady = !pod.isReady;
      return;
    case "hook succeeds":
    case "hook fails":
      if (hook !== undefined) {
        const isGood = kind === "hook succeeds";
        simulation.endHook(hook, { phase: isGood ? "Succeeded" : "Failed", message: "", output: "", finishedAt });
      }
      return;
    case "restart":
      simulation.restart();
      return;
    case "time passes":
      simulation.nowMs += [1_000, 11_000, 31_000, 301_000][pick % 4] ?? 0;
      return;
    case "invoker goes":
      simulation.batch = undefined;
      return;
  }
}

/** A replica whose pod is gone gets a new one. */
function comeBack(simulation: SessionSimulation, workload: SimulatedWorkload, pick: number): void {
  const at = pick % workload.replicas;
  const isThere = simulation.pods.list().some((pod) => {
    return pod.workload === workload && pod.nodeName === `node-${at}` && !pod.isEnded;
  });
  if (!isThere) simulation.pods.add(workload, at, simulation.nowMs);
}

/** Nothing more happens than that those who can do their work do it, and time passes. */
export function driveToEnd(simulation: SessionSimulation, onSettled: () => void): void {
  for (let round = 0; round < 200; round += 1) {
    simulation.settle();
    onSettled();
    const { phase, conditions } = simulation.status;
    const isFinal = phase === "Succeeded" || phase === "Failed" || phase === "Skipped";
    if (isFinal && conditions?.some(({ type }) => type === "BackupHistoryCleaned") === true) return;
    for (const key of [...simulation.running.keys()]) {
      happen(simulation, { kind: "hook succeeds", pick: [...simulation.running.keys()].indexOf(key) });
    }
    for (const at of servedHosts(simulation)) {
      endActions(simulation, at, true);
      if (isOpen(at) && mayEnd(simulation, at)) happen(simulation, { kind: "host succeeds", pick: round });
    }
    simulation.nowMs += 31_000;
  }
  throw new Error(`the session does not end: ${JSON.stringify(simulation.status)}`);
}
