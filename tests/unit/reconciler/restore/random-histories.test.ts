import fc from "fast-check";
import { expect, test } from "vitest";
import { type RestoreStatus, readRestoreStatus } from "../../../../reconciler/restore/status.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { StatusStore } from "../../../support/objects/records.ts";
import type { SimulatedWorkload } from "../../../support/simulation/pods.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const RUNS = 100;
const TIMEOUT_MS = 60_000;

const KINDS = [
  "rollout",
  "rollout",
  "host runs",
  "host succeeds",
  "host succeeds",
  "host fails",
  "pod dies",
  "hook succeeds",
  "hook fails",
  "restart",
  "webhook goes",
  "webhook comes",
  "time passes",
] as const;

const anyHistory = fc.record({
  members: fc.array(
    fc.record({
      kind: fc.constantFrom("Deployment", "StatefulSet", "DaemonSet"),
      replicas: fc.integer({ min: 1, max: 3 }),
      hasAfterHook: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  isSequential: fc.boolean(),
  isTimed: fc.boolean(),
  retries: fc.nat(2),
  globalHooks: fc.nat(3),
  events: fc.array(fc.record({ kind: fc.constantFrom(...KINDS), pick: fc.nat(1_000) }), { maxLength: 40 }),
});
type History = typeof anyHistory extends fc.Arbitrary<infer Value> ? Value : never;

function start(history: History): RestoreSimulation {
  const workloads: SimulatedWorkload[] = history.members.map(({ kind, replicas }, index) => ({
    kind,
    namespace: "demo",
    name: `m${index}`,
    replicas,
  }));
  const restore: RestoreBatch = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: {
      name: "back",
      namespace: "demo",
      uid: "uid-restore",
      creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
    },
    spec: {
      repository: { name: "store" },
      executionOrder: history.isSequential ? "Sequential" : "Parallel",
      retryConfig: { maxRetry: history.retries, delay: "10s" },
      ...(history.isTimed && { timeOut: "30m" }),
      hooks: {
        ...((history.globalHooks & 1) !== 0 && { preRestore: { exec: { command: ["before-all"] } } }),
        ...((history.globalHooks & 2) !== 0 && { postRestore: { exec: { command: ["after-all"] } } }),
      },
      members: history.members.map(({ kind, hasAfterHook }, index) => ({
        target: {
          alias: `m${index}`,
          ref: { apiVersion: "apps/v1", kind, name: `m${index}` },
          rules: [{ paths: ["/data"] }],
        },
        ...(hasAfterHook && { hooks: { postRestore: { exec: { command: [`after-m${index}`] } } } }),
      })),
    },
  };
  return new RestoreSimulation(restore, workloads);
}

function pickOf<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % Math.max(1, items.length)];
}

function happen(simulation: RestoreSimulation, kind: History["events"][number]["kind"], pick: number): void {
  const pods = simulation.pods.facts();
  const open = simulation.hosts().filter(({ host }) => {
    return host.podUID !== undefined && pods.has(host.podUID) && (host.phase === "Pending" || host.phase === "Running");
  });
  const host = pickOf(open, pick);
  const time = new Date(simulation.nowMs).toISOString();
  switch (kind) {
    case "rollout": {
      const workload = pickOf(simulation.workloads, pick);
      if (workload !== undefined && simulation.injected.has(`${workload.kind}/demo/${workload.name}`)) {
        simulation.rollOut(workload, pick % workload.replicas);
      }
      return;
    }
    case "host runs":
      if (host !== undefined) {
        simulation.report(host, (old) => ({ ...old, phase: "Running", progress: { heartbeat: time } }));
      }
      return;
    case "host succeeds":
      if (host !== undefined) {
        simulation.report(host, (old) => ({ ...old, phase: "Succeeded", finishedAt: time }));
        const pod = simulation.pods.list().find(({ uid }) => uid === host.host.podUID);
        if (pod !== undefined) {
          pod.isWaiting = false;
          pod.isReady = true;
        }
      }
      return;
    case "host fails":
      if (host !== undefined) {
        const failure = { reason: pick % 2 === 0 ? "BACKEND_UNREACHABLE" : "SNAPSHOT_NOT_FOUND", error: "no" };
        simulation.report(host, (old) => ({ ...old, phase: "Failed", finishedAt: time, ...failure }));
      }
      return;
    case "pod dies": {
      const pod = pickOf(simulation.pods.list(), pick);
      if (pod !== undefined) simulation.pods.remove(pod.uid);
      return;
    }
    case "hook succeeds":
    case "hook fails": {
      const key = pickOf([...simulation.running.keys()], pick);
      const phase = kind === "hook succeeds" ? "Succeeded" : "Failed";
      if (key !== undefined) simulation.endHook(key, { phase, message: "", output: "", finishedAt: time });
      return;
    }
    case "restart":
      simulation.restart();
      return;
    case "webhook goes":
    case "webhook comes":
      simulation.isWebhookUp = kind === "webhook comes";
      return;
    case "time passes":
      simulation.nowMs += [1_000, 11_000, 31_000, 301_000][pick % 4] ?? 0;
      return;
  }
}

type Look = (simulation: RestoreSimulation, before: RestoreStatus, after: RestoreStatus) => void;

const FINAL: readonly string[] = ["Succeeded", "Failed", "Unknown"];

function isFinal(phase: string | undefined): boolean {
  return FINAL.includes(phase ?? "");
}

/** Plays a history, then lets everybody do their work until the restore ends. */
function play(history: History, look: Look): RestoreSimulation {
  const simulation = start(history);
  const settle = (): void => {
    simulation.settle();
    for (const { before, after } of simulation.passes.splice(0)) look(simulation, before, after);
  };
  settle();
  for (const { kind, pick } of history.events) {
    happen(simulation, kind, pick);
    settle();
  }
  simulation.isWebhookUp = true;
  for (let round = 0; round < 300 && !isFinal(simulation.status.phase); round += 1) {
    for (const workload of simulation.workloads) {
      if (!simulation.injected.has(`${workload.kind}/demo/${workload.name}`)) continue;
      for (let at = 0; at < workload.replicas; at += 1) {
        const isThere = simulation.pods.list().some((pod) => {
          return pod.workload === workload && pod.nodeName === `node-${at}` && (pod.isWaiting || pod.isReady);
        });
        const isOld = simulation.pods.list().some((pod) => {
          const isPlain = !pod.isWaiting && pod.createdAtMs < RESTORE_START_MS;
          return pod.workload === workload && pod.nodeName === `node-${at}` && isPlain;
        });
        if (!isThere || isOld) simulation.rollOut(workload, at);
      }
    }
    settle();
    happen(simulation, "hook succeeds", 0);
    for (let host = 0; host < 9; host += 1) happen(simulation, "host succeeds", 0);
    simulation.nowMs += 31_000;
    settle();
  }
  return simulation;
}

/** Histories that once went wrong: a host of a DaemonSet waits for its pod, while the pod of another node is done or dies. */
const FOUND: readonly History[] = [
  aDaemonSetHistory(1, [
    { kind: "rollout", pick: 0 },
    { kind: "rollout", pick: 21 },
    { kind: "host fails", pick: 0 },
    { kind: "rollout", pick: 0 },
  ]),
  aDaemonSetHistory(0, [
    { kind: "rollout", pick: 0 },
    { kind: "rollout", pick: 613 },
    { kind: "pod dies", pick: 0 },
    { kind: "host succeeds", pick: 0 },
  ]),
];

function aDaemonSetHistory(retries: number, events: History["events"]): History {
  const members: History["members"] = [{ kind: "DaemonSet", replicas: 2, hasAfterHook: false }];
  return { members, isSequential: false, isTimed: false, retries, globalHooks: 0, events };
}

function check(name: string, property: (history: History) => void): void {
  test(name, { timeout: TIMEOUT_MS }, () => {
    fc.assert(fc.property(anyHistory, property), { numRuns: RUNS, examples: FOUND.map((history) => [history]) });
  });
}

check("a restore always ends, whatever happens", (history) => {
  expect(FINAL).toContain(play(history, () => {}).status.phase);
});

check("a restore that ended stays as it ended", (history) => {
  play(history, (_simulation, before, after) => {
    if (isFinal(before.phase)) expect(after.phase).toBe(before.phase);
  });
});

check("no member of a sequential restore has its turn before all earlier ones have succeeded", (history) => {
  fc.pre(history.isSequential);
  play(history, (_simulation, _before, after) => {
    const targets = after.targets ?? [];
    for (const [index, { totalHosts }] of targets.entries()) {
      if (totalHosts === undefined) continue;
      for (const earlier of targets.slice(0, index)) expect(earlier.phase).toBe("Succeeded");
    }
  });
});

check("no workload is sent through admission before its turn, nor before the global hook is done", (history) => {
  play(history, (simulation, _before, after) => {
    for (const [index, target] of (after.targets ?? []).entries()) {
      const { kind, name } = target.ref;
      if (!simulation.askedAtMs.has(`${kind}/demo/${name}`)) continue;
      if ((history.globalHooks & 1) !== 0) {
        const condition = after.conditions?.find(({ type }) => type === "GlobalPreRestoreHookSucceeded");
        expect(condition?.status).toBe("True");
      }
      if (!history.isSequential) continue;
      for (const earlier of (after.targets ?? []).slice(0, index)) expect(earlier.phase).toBe("Succeeded");
    }
  });
});

check("a restore succeeds only with all hosts of all members", (history) => {
  const { status } = play(history, () => {});
  if (status.phase !== "Succeeded") return;
  expect(status.targets?.length).toBe(history.members.length);
  for (const [index, { stats, totalHosts, ref }] of (status.targets ?? []).entries()) {
    expect(stats?.length).toBe(totalHosts);
    if (ref.kind !== "Deployment") expect(totalHosts).toBe(history.members[index]?.replicas);
    for (const { phase } of stats ?? []) expect(phase).toBe("Succeeded");
  }
});

check("no host is given to a pod after the deadline", (history) => {
  fc.pre(history.isTimed);
  play(history, ({ nowMs }, before, after) => {
    if (nowMs < RESTORE_START_MS + 30 * 60_000) return;
    for (const [index, { stats }] of (after.targets ?? []).entries()) {
      for (const [at, { podUID }] of (stats ?? []).entries()) {
        expect(podUID ?? "").toBe(before.targets?.[index]?.stats?.[at]?.podUID ?? "");
      }
    }
  });
});

check("the global after-hook runs once the global before-hook started", (history) => {
  fc.pre((history.globalHooks & 3) === 3);
  const types = new Set((play(history, () => {}).status.hooks ?? []).map(({ type }) => type));
  expect(types.has("postRestore")).toBe(types.has("preRestore"));
});

/** So little that nearly everything is kept in records. */
const ROOM = { status: 500, listed: 200, leastListed: 0, stubs: 200, record: 300 };

/** As one that was read: progress comes from host runs. */
function lasting(status: RestoreStatus): unknown {
  const targets = status.targets?.map(({ stats, ...target }) => {
    return { ...target, stats: stats?.map(({ progress: _progress, ...host }) => host) };
  });
  return JSON.parse(JSON.stringify({ ...status, targets }));
}

test("D20: every status of a restore comes back whole when nearly all of it is kept in records", {
  timeout: TIMEOUT_MS,
}, async () => {
  let records = 0;
  await fc.assert(
    fc.asyncProperty(anyHistory, async (history) => {
      const seen: RestoreStatus[] = [];
      const { restore } = play(history, (_simulation, _before, after) => seen.push(after));
      const store = new StatusStore<RestoreStatus>(
        "restore",
        (value) => {
          const { targets: members, ...rest } = JSON.parse(JSON.stringify(value));
          return readRestoreStatus(parseRestoreBatch({ ...restore, status: { ...rest, members } }));
        },
        ROOM,
      );
      for (const status of seen) {
        await store.write(status);
        expect(lasting(store.read())).toEqual(lasting(status));
      }
      records += store.records.size;
    }),
    { numRuns: 150 },
  );
  expect(records).toBeGreaterThan(500);
});
