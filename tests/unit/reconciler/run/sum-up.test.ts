import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideSession } from "../../../../reconciler/backup-session/decide.ts";
import { type RestoreStatus, readRestoreStatus, writeRestoreStatus } from "../../../../reconciler/restore/status.ts";
import { NOTHING_RECORDED } from "../../../../reconciler/run/records.ts";
import { sumUp } from "../../../../reconciler/run/sum-up.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import {
  type BackupSessionStatus,
  type BackupTargetStatus,
  parseBackupSession,
} from "../../../../shared/api/backup-session.ts";
import type { HookResult } from "../../../../shared/api/hook-result.ts";
import type { HostStats } from "../../../../shared/api/host-stats.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import { StatusStore } from "../../../support/objects/records.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const BUDGET = 262_144;
const TIME = "2024-04-30T02:00:00Z";

function sessionOf(status: unknown) {
  const object = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "n", namespace: "d" },
  };
  return parseBackupSession({ ...object, spec: {}, status });
}

const parseSessionStatus = (value: unknown): BackupSessionStatus => sessionOf(value).status ?? {};

function parseRestoreStatus(value: unknown): RestoreStatus {
  const { targets, ...rest } = JSON.parse(JSON.stringify(value));
  const object = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "r", namespace: "d" },
  };
  const { status } = parseRestoreBatch({ ...object, spec: {}, status: { ...rest, members: targets } });
  const { members, ...own } = status ?? {};
  return { ...own, ...(members !== undefined && { targets: members }) };
}

interface Mix {
  readonly targets: number;
  readonly hosts: number;
  readonly name: number;
  readonly text: number;
  readonly hooks: number;
  readonly seed: number;
}

const MIXES = fc.record<Mix>({
  targets: fc.constantFrom(1, 2, 40, 1_000),
  hosts: fc.constantFrom(1, 3, 400, 2_500),
  name: fc.constantFrom(1, 40, 200),
  text: fc.constantFrom(0, 90, 700, 8_192),
  hooks: fc.constantFrom(0, 1, 2),
  seed: fc.nat(1_000),
});

/** The same for the same numbers. */
function pick<Item>(items: readonly [Item, ...Item[]], seed: number): Item {
  return items[Math.abs(Math.imul(seed + 1, 2_654_435_761) >> 7) % items.length] ?? items[0];
}

function aHost({ text, name, seed }: Mix, at: number): HostStats {
  const phase = pick<NonNullable<HostStats["phase"]>>(["Pending", "Running", "Succeeded", "Failed"], seed + at);
  const hostname = `${"n".repeat(name)}-${at}`;
  if (phase === "Pending" && at % 2 === 0) return { hostname, phase, assignedAt: TIME };
  return {
    hostname,
    phase,
    pod: `pod-${at}`,
    podUID: `0a1b2c3d-0000-0000-0000-${at}`,
    attempt: 1,
    assignedAt: TIME,
    ...(phase === "Failed" && { error: `é"${"e".repeat(text)}`, reason: "RESTIC_FAILED", finishedAt: TIME }),
    ...(phase === "Succeeded" && { snapshots: [{ name: `snap-${at}`, path: "/data" }], finishedAt: TIME }),
    ...(at === 7 && {
      actions: ["ApplyRetentionPolicy" as const],
      results: [{ action: "ApplyRetentionPolicy" as const, phase: "Failed" as const, message: "m".repeat(text) }],
    }),
  };
}

function aTarget(mix: Mix, at: number, hosts: number): BackupTargetStatus {
  const name = `${"t".repeat(mix.name)}-${at}`;
  const output = "o".repeat(mix.text);
  const stats = Array.from({ length: hosts }, (_, host) => aHost(mix, at + host));
  const hooks = stats.flatMap(({ hostname = "" }, host): HookResult[] =>
    Array.from({ length: mix.hooks }, (_, run) => ({
      type: run === 0 ? "preBackup" : "postBackup",
      hostname,
      phase: pick(["Running", "Succeeded", "Failed"], host + run),
      startedAt: TIME,
      output,
    })),
  );
  return {
    ref: { apiVersion: "apps/v1", kind: "DaemonSet", name, namespace: "demo" },
    alias: name,
    ...(pick([true, false], mix.seed + at) && { totalHosts: hosts, stats, hooks }),
    phase: pick(["Pending", "Running", "Failed"], mix.seed + at),
    reason: "RESTIC_FAILED",
    message: `<&> ${output}`,
    conditions: [{ type: "BackupExecutorEnsured", status: "False", message: output, lastTransitionTime: TIME }],
  };
}

function aStatus(mix: Mix): BackupSessionStatus {
  const hosts = Math.max(1, Math.floor(Math.min(mix.targets * mix.hosts, 3_000) / mix.targets));
  return {
    phase: "Running",
    startTime: TIME,
    targets: Array.from({ length: mix.targets }, (_, at) => aTarget(mix, at, hosts)),
    conditions: [{ type: "BackendRepositoryInitialized", status: "True", message: "found", lastTransitionTime: TIME }],
  };
}

/** As agents and the reconciler change it: open hosts end, and everything that waits gets its turn. */
function later(status: BackupSessionStatus, every: number): BackupSessionStatus {
  const next = (host: HostStats, at: number): HostStats =>
    at % every !== 0 ? host : { ...host, phase: pick(["Succeeded", "Failed"], at), finishedAt: TIME };
  const targets = (status.targets ?? []).map((target, at) =>
    at % every !== 0 || target.stats === undefined
      ? target
      : { ...target, stats: target.stats.map(next), message: `later ${target.message}` },
  );
  return { ...status, targets };
}

test("D20: whatever mix of hosts, texts and hooks fits into 256 KiB, and everything comes back from what is stored", async () => {
  await fc.assert(
    fc.asyncProperty(MIXES, async (mix) => {
      const store = new StatusStore("backup", parseSessionStatus);
      let status = aStatus(mix);
      for (const every of [1, 3, 1]) {
        await store.write(status);
        expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
        expect(store.read()).toEqual(JSON.parse(JSON.stringify(status)));
        status = later(store.read(), every);
      }
    }),
    { numRuns: 25 },
  );
}, 300_000);

describe("a status that is summed up", () => {
  const text = "e".repeat(8_192);

  test("is left alone where all of it fits", () => {
    const small = aStatus({ targets: 2, hosts: 2, name: 5, text: 90, hooks: 1, seed: 1 });
    expect(sumUp(small, NOTHING_RECORDED).status).toBe(small);
  });

  test("of 1,000 members that all fail with 8 KiB of text names each of them", async () => {
    const targets = Array.from(
      { length: 1_000 },
      (_, at): BackupTargetStatus => ({
        ref: { apiVersion: "apps/v1", kind: "Deployment", name: `app-${at}`, namespace: "demo" },
        alias: `app-${at}`,
        totalHosts: 1,
        phase: "Failed",
        reason: "RESTIC_FAILED",
        message: text,
        stats: [{ hostname: "host-0", phase: "Failed", reason: "RESTIC_FAILED", error: text }],
      }),
    );
    const store = new StatusStore("backup", parseSessionStatus);
    await store.write({ phase: "Failed", targets });
    expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
    expect(store.stored?.targets?.map(({ ref }) => ref?.name)).toEqual(targets.map(({ ref }) => ref?.name));
    expect(store.stored?.targets?.every(({ phase, reason }) => phase === "Failed" && reason === "RESTIC_FAILED")).toBe(
      true,
    );
    expect(store.read().targets).toEqual(targets);
  });

  test("lists hosts at work and failed ones, and counts the rest", async () => {
    const stats = Array.from({ length: 5_000 }, (_, at): HostStats => {
      if (at === 4_000) return { hostname: `node-${at}`, phase: "Failed", reason: "RESTIC_FAILED", error: text };
      if (at >= 4_980) return { hostname: `node-${at}`, phase: "Running", pod: `agent-${at}`, podUID: `uid-${at}` };
      return at < 4_100
        ? {
            hostname: `node-${at}`,
            phase: "Succeeded",
            podUID: `uid-${at}`,
            snapshots: [{ name: `s-${at}`, path: "/data" }],
          }
        : { hostname: `node-${at}`, phase: "Pending", assignedAt: TIME };
    });
    const store = new StatusStore("backup", parseSessionStatus);
    await store.write({ targets: [{ totalHosts: 5_000, stats }] });
    const [target] = store.stored?.targets ?? [];
    const listed = (phase: string) => (target?.stats ?? []).filter((host) => host.phase === phase).length;
    expect([listed("Running"), listed("Failed")]).toEqual([20, 1]);
    const { succeeded = 0, failed = 0, running = 0, pending = 0 } = target?.unlisted ?? {};
    expect([failed, running]).toEqual([0, 0]);
    expect(succeeded + listed("Succeeded")).toBe(4_099);
    expect(pending + listed("Pending")).toBe(880);
    expect(target?.stats?.find(({ phase }) => phase === "Failed")?.position).toBe(4_000);
  });

  test("makes no record of signs of life: what is at work is told by its host run", async () => {
    const at = (second: number) => new Date(Date.UTC(2024, 3, 30, 2, 0, second)).toISOString();
    const statusAt = (second: number): BackupSessionStatus => ({
      targets: Array.from(
        { length: 1_000 },
        (_, target): BackupTargetStatus => ({
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: `app-${target}`, namespace: "demo" },
          totalHosts: 1,
          phase: "Running",
          stats: [
            {
              hostname: "host-0",
              phase: "Running",
              pod: `app-${target}-${"x".repeat(40)}`,
              podUID: `0a1b2c3d-0000-0000-0000-${target}`,
              progress: { percent: second, bytesDone: second, heartbeat: at(second) },
            },
          ],
        }),
      ),
    });
    const store = new StatusStore("backup", parseSessionStatus);
    await store.write(statusAt(0));
    const made = store.records.size;
    expect(made).toBeGreaterThan(0);
    for (let second = 10; second < 60; second += 10) {
      await store.write(statusAt(second));
      expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
    }
    expect(store.records.size).toBe(made);
    const lasting = (status: BackupSessionStatus) =>
      status.targets?.map(({ stats, ...target }) => ({
        ...target,
        stats: stats?.map(({ progress: _, ...host }) => host),
      }));
    expect(lasting(store.read())).toEqual(lasting(statusAt(50)));
  });

  test("of a RestoreSession comes back too, though its only member is the object itself", async () => {
    const stats = Array.from({ length: 5_000 }, (_, at) => ({
      hostname: `node-${at}`,
      phase: "Succeeded" as const,
      snapshots: [{ id: "a".repeat(64), path: "/data" }],
    }));
    const restore = parseRestoreSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreSession",
      metadata: { name: "r", namespace: "d" },
      spec: { target: { ref: { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent" } } },
      status: { startTime: TIME, totalHosts: 5_000, stats },
    });
    const whole = readRestoreStatus(restore);
    const store = new StatusStore<RestoreStatus>("restore", (value) => {
      const status = writeRestoreStatus(restore, parseRestoreStatus(value));
      return readRestoreStatus(parseRestoreSession(JSON.parse(JSON.stringify({ ...restore, status }))));
    });
    await store.write(whole);
    expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
    expect(store.stored?.targets?.[0]?.unlisted?.succeeded).toBeGreaterThan(3_000);
    expect(store.read()).toEqual(whole);
  });

  test("keeps the records few: one is made for many changes", async () => {
    const store = new StatusStore("backup", parseSessionStatus);
    let stats = Array.from({ length: 2_000 }, (_, at): HostStats => ({ hostname: `node-${at}`, phase: "Pending" }));
    for (let at = 0; at < 2_000; at += 5) {
      stats = stats.map((host, position) =>
        position < at || position >= at + 5
          ? host
          : {
              ...host,
              phase: "Succeeded",
              podUID: `uid-${position}`,
              snapshots: [{ name: "s".repeat(64), path: "/data" }],
            },
      );
      await store.write({ targets: [{ totalHosts: 2_000, stats }] });
      expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
    }
    expect(store.read().targets?.[0]?.stats).toEqual(stats);
    expect(store.records.size).toBeLessThan(20);
  });

  test("of a restore leaves snapshots of its recovery point out, and they come back", async () => {
    const snapshots = Array.from({ length: 5_000 }, (_, at) => ({
      hostname: `node-${at}`,
      path: "/data",
      id: "a".repeat(64),
    }));
    const status: RestoreStatus = {
      phase: "Running",
      recoveryPoint: { session: "nightly-1", snapshots },
      targets: [
        { ref: { kind: "DaemonSet", name: "agent" }, totalHosts: 1, stats: [{ hostname: "node-1", phase: "Unknown" }] },
      ],
    };
    const store = new StatusStore("restore", parseRestoreStatus);
    await store.write(status);
    expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
    expect(store.stored?.unlistedSnapshots).toBeGreaterThan(3_000);
    expect(store.read()).toEqual(status);
  });

  test("whose record somebody removed takes nothing for good that it does not know", async () => {
    const stats = Array.from(
      { length: 5_000 },
      (_, at): HostStats => ({ hostname: `node-${at}`, phase: "Succeeded", pod: "p".repeat(60) }),
    );
    const store = new StatusStore("backup", parseSessionStatus);
    await store.write({ targets: [{ totalHosts: 5_000, stats }] });
    store.records.clear();
    const hosts = store.read().targets?.[0]?.stats ?? [];
    expect(hosts).toHaveLength(5_000);
    expect(hosts.filter(({ phase, reason }) => phase === "Failed" && reason === "INTERNAL").length).toBeGreaterThan(
      3_000,
    );
  });
});

const BATCH: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
  spec: {
    repository: { name: "store" },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    executionOrder: "Parallel",
    members: [
      {
        target: { alias: "agent", ref: { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent" }, paths: ["/data"] },
      },
    ],
  },
};

test("a reconciler that starts anew from a stored status decides as one that knows all: no host twice, none forgotten", async () => {
  const hosts = 1_500;
  const workloads = [{ kind: "DaemonSet", namespace: "demo", name: "agent", replicas: hosts }];
  const simulation = new SessionSimulation({ batch: BATCH, workloads });
  const store = new StatusStore("backup", parseSessionStatus);
  const turns = new Map<string, number>();
  for (let round = 0; round < 200 && simulation.status.phase !== "Failed"; round += 1) {
    simulation.settle();
    await store.write(simulation.status);
    expect(store.bytes()).toBeLessThanOrEqual(BUDGET);
    const whole = decideSession(simulation.view(), new Date(simulation.nowMs));
    simulation.session = { ...simulation.session, status: store.read() };
    simulation.restart();
    const again = decideSession(simulation.view(), new Date(simulation.nowMs));
    expect(again.trail).toEqual(whole.trail);
    expect(JSON.parse(JSON.stringify(again.actions))).toEqual(JSON.parse(JSON.stringify(whole.actions)));
    for (const { targetIndex, hostIndex, host } of simulation.hosts()) {
      if (host.podUID === undefined || host.phase !== "Pending") continue;
      turns.set(host.hostname ?? "", (turns.get(host.hostname ?? "") ?? 0) + 1);
      const isBad = hostIndex % 400 === 0;
      const isFirst = (host.actions ?? []).length > 0;
      simulation.report({ targetIndex, hostIndex }, (old) => ({
        ...old,
        phase: isBad ? "Failed" : "Succeeded",
        finishedAt: TIME,
        ...(isBad
          ? { error: "e".repeat(2_048), reason: "RESTIC_FAILED" }
          : { snapshots: [{ name: "s".repeat(64), path: "/data" }] }),
        hooks: [{ type: "preBackup", phase: "Succeeded", output: "o".repeat(256) }],
        ...(isFirst && { results: [{ action: "InitializeBackendRepository", phase: "Succeeded" }] }),
      }));
    }
    if (turns.size === hosts) break;
    simulation.nowMs += 1_000;
  }
  expect(turns.size).toBe(hosts);
  expect([...turns.values()].every((count) => count === 1)).toBe(true);
  simulation.settle();
  const [target] = simulation.status.targets ?? [];
  expect(target?.phase).toBe("Failed");
  expect(target?.stats?.filter(({ phase }) => phase === "Succeeded")).toHaveLength(hosts - 4);
}, 300_000);
