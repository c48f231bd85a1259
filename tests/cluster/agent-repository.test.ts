import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import type { HostStats } from "../../shared/api/host-stats.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { recordTags, snapshotTags } from "../../shared/snapshots/tags.ts";
import {
  CLUSTER_ID,
  changeOrder,
  createConfiguration,
  createSession,
  readEntry,
  targetFlags,
  waitForEntry,
} from "../support/agent/agent-objects.ts";
import { type AgentProcess, killContainer, startAgent, waitForExit } from "../support/agent/agent-process.ts";
import { type AgentWorld, createAgentWorld, PASSWORD } from "../support/agent/agent-world.ts";
import { eventually, stays } from "../support/eventually.ts";
import { bareRestic, type HeldLock } from "../support/restic/bare-restic.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const KEEP_ONE = { name: "one", keepLast: 1, prune: true };

let client: KubeClient;
let world: AgentWorld;
let agents: AgentProcess[] = [];

const bare = () => bareRestic(world.repository, PASSWORD);
const restic = (...args: readonly string[]) => bare().run(...args);

/** Ids of whole locks: restic writes one beside its place first, which is none yet. */
async function locks(): Promise<readonly string[]> {
  return (await readdir(join(world.repository, "locks"))).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

beforeAll(async () => {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  client = createKubeClient({ connection, program: "tests" });
  world = await createAgentWorld(client, sharedPlane());
  await writeFile(join(world.data, "file"), "content");
  writeEmptyRepository(world.repository, PASSWORD);
});

afterEach(async () => {
  await Promise.all(agents.map(killContainer));
  agents = [];
});

afterAll(async () => {
  await world?.stop();
  client?.close();
});

function start(args: readonly string[], uid = "uid-1"): AgentProcess {
  const agent = startAgent(world, { args: [...args, ...targetFlags(world)], podUid: uid });
  agents.push(agent);
  return agent;
}

/** A session whose host has ended and carries work on the repository. */
async function givenWork(name: string, actions: HostStats["actions"], entry: HostStats = {}): Promise<void> {
  await createConfiguration(world, { name, paths: [world.data], spec: { retentionPolicy: KEEP_ONE } });
  await createSession(world, {
    name,
    invoker: name,
    entry: {
      hostname: "host-0",
      pod: "web-1",
      podUID: "uid-1",
      phase: "Succeeded",
      ...entry,
      ...(actions && { actions }),
    },
  });
}

const hasResults = (count: number) => (entry: HostStats) =>
  (entry.results ?? []).filter(({ phase }) => phase !== "Running").length === count;

/** A restic that holds its lock until it is stopped. */
async function holdLock(): Promise<HeldLock> {
  const before = (await locks()).length;
  const held = bare().hold();
  await eventually(locks, (all) => all.length !== before);
  return held;
}

/** A snapshot of the data. */
function backUp(tags: readonly string[] = []): void {
  restic("backup", "-q", "--host", "host-0", ...tags.flatMap((tag) => ["--tag", tag]), world.data);
}

/** Tags of a whole recovery point. */
function pointTags(invoker: string, session: string, namespace = world.namespace): readonly string[] {
  const origin = {
    session: { namespace, name: session },
    invoker: { kind: "BackupConfiguration", namespace, name: invoker, cluster: CLUSTER_ID },
    target: { kind: "Deployment", namespace, name: "web" },
    part: { member: 1, members: 1, hosts: 1 },
  };
  return [...snapshotTags(origin), ...recordTags(origin, 1)];
}

describe("work on the repository", () => {
  test("L57: keeps and removes only the invoker's own snapshots, then checks and measures", async () => {
    backUp();
    backUp(pointTags("keep", "keep-1"));
    backUp(pointTags("other", "other-1", "elsewhere"));
    backUp(pointTags("keep", "keep-2"));
    start(["run-backup"]);
    await givenWork("keep", ["ApplyRetentionPolicy", "VerifyRepositoryIntegrity", "SendRepositoryMetrics"]);
    const entry = await waitForEntry(world, "keep", hasResults(3), 60_000);
    expect(entry).toMatchObject({
      phase: "Succeeded",
      results: [
        { action: "ApplyRetentionPolicy", phase: "Succeeded", kept: 1, removed: 2 },
        { action: "VerifyRepositoryIntegrity", phase: "Succeeded", integrity: true },
        { action: "SendRepositoryMetrics", phase: "Succeeded", snapshotCount: 2 },
      ],
    });
  });

  test("L63: an action that fails does not keep the next from being done", async () => {
    start(["run-backup"]);
    await createConfiguration(world, { name: "bad", paths: [world.data] });
    await createSession(world, {
      name: "bad",
      invoker: "no-such-invoker",
      entry: {
        hostname: "host-0",
        podUID: "uid-1",
        phase: "Failed",
        actions: ["ApplyRetentionPolicy", "SendRepositoryMetrics"],
      },
    });
    const entry = await waitForEntry(world, "bad", hasResults(2));
    expect(entry.results).toMatchObject([{ phase: "Failed", reason: "NOT_FOUND" }, { phase: "Succeeded" }]);
  });

  test("is done by a maintenance job where the pod of the backup is gone", async () => {
    await givenWork("job", ["SendRepositoryMetrics"], { pod: "job", podUID: "uid-job" });
    const agent = start(["maintain"], "uid-job");
    expect(await waitForExit(agent), agent.output()).toBe(0);
    expect((await readEntry(world, "job")).results).toMatchObject([
      { action: "SendRepositoryMetrics", phase: "Succeeded" },
    ]);
  });
});

describe("L58: a lock in the way", () => {
  async function givenRetention(name: string): Promise<void> {
    for (let count = 0; count < 2; count++) backUp(pointTags(name, `${name}-${count}`));
    await givenWork(name, ["ApplyRetentionPolicy"]);
  }

  test("of a living owner is told and waited for, and never removed", async () => {
    start(["run-backup"]);
    const holder = await holdLock();
    await givenRetention("living");
    const waiting = await waitForEntry(world, "living", (entry) => (entry.locks ?? []).length > 0);
    expect(waiting).toMatchObject({ reason: "REPOSITORY_LOCKED", locks: [{ exclusive: false }] });
    await stays(locks, (all) => all.includes(waiting.locks?.[0]?.id ?? ""), 1_000);
    await holder.release();
    const entry = await waitForEntry(world, "living", hasResults(1), 60_000);
    expect(entry.results).toMatchObject([{ phase: "Succeeded", removed: 1 }]);
    expect(entry.locks ?? []).toEqual([]);
    expect(entry.reason).toBeUndefined();
  });

  test("whose owner's pod is gone is removed when the reconciler says so, and no other", async () => {
    start(["run-backup"]);
    const dead = await holdLock();
    await dead.kill();
    await givenRetention("dead");
    const waiting = await waitForEntry(world, "dead", (entry) => (entry.locks ?? []).length > 0);
    const ids = (waiting.locks ?? []).map(({ id }) => id);
    await changeOrder(world, "dead", { actionParams: { removableLocks: ids } });
    expect((await waitForEntry(world, "dead", hasResults(1), 60_000)).results).toMatchObject([{ phase: "Succeeded" }]);
    expect(await locks()).toEqual([]);
  });
});

describe("jobs", () => {
  test("a job backs up the volume that is mounted for it, and its exit code is the truth", async () => {
    const volume = join(world.dir, "volume");
    await mkdir(volume);
    await writeFile(join(volume, "row"), "1");
    const target = { kind: "PersistentVolumeClaim", name: "data" };
    const ref = { ref: { apiVersion: "v1", ...target } };
    await createConfiguration(world, { name: "pvc", paths: [], target: ref });
    for (const [name, paths, code] of [
      ["pvc-good", volume, 0],
      ["pvc-bad", "/not/there", 1],
    ] as const) {
      await createSession(world, {
        name,
        invoker: "pvc",
        target,
        entry: { hostname: "host-0", phase: "Pending" },
      });
      const flags = [`--backupsession=${name}`, "--target-kind=PersistentVolumeClaim", "--target-name=data"];
      const args = ["backup-pvc", ...flags, "--hostname=host-0", `--backup-paths=${paths}`, "--linger=false"];
      const agent = startAgent(world, { args, podUid: "uid-job", podName: "job" });
      agents.push(agent);
      expect(await waitForExit(agent), agent.output()).toBe(code);
    }
    expect(await readEntry(world, "pvc-good")).toMatchObject({ phase: "Succeeded", snapshots: [{ path: volume }] });
  });

  test("create-backupsession makes one session a slot, however often its pod is started", async () => {
    await createConfiguration(world, { name: "trigger", paths: [world.data] });
    const rules = [
      { apiGroups: ["stash.appscode.com"], resources: ["backupsessions"], verbs: ["create", "get"] },
      { apiGroups: ["stash.appscode.com"], resources: ["backupconfigurations"], verbs: ["get"] },
    ];
    await world.allow("trigger", rules);
    const args = ["create-backupsession", "--invoker-kind=BackupConfiguration", "--invoker-name=trigger"];
    const podName = "stash-trigger-trigger-28573920-x7k2p";
    for (let count = 0; count < 2; count++) {
      const agent = startAgent(world, { args, podUid: "uid-cron", podName });
      agents.push(agent);
      expect(await waitForExit(agent), agent.output()).toBe(0);
    }
    const session = await client.get(KINDS.BackupSession, world.namespace, "trigger-1714435200", parseBackupSession);
    expect(session.spec).toMatchObject({ trigger: "Scheduled", dueTime: "2024-04-30T00:00:00Z" });
    expect(session.metadata.labels).toMatchObject({ "stash.appscode.com/invoker-name": "trigger" });
  });

  /** The last step of a job whose program left this. */
  async function reportOutput(name: string, host: object): Promise<AgentProcess> {
    await createConfiguration(world, { name, paths: [world.data] });
    const folder = join(world.dir, name);
    await mkdir(folder);
    const stats = [{ hostname: "host-0", ...host }];
    await writeFile(join(folder, "output.json"), JSON.stringify({ targetStatus: { stats } }));
    const entry = { hostname: "host-0", phase: "Pending" } as const;
    await createSession(world, { name, invoker: name, entry });
    const flags = [`--backupsession=${name}`, "--hostname=host-0", "--linger=false", `--output-dir=${folder}`];
    return start(["update-status", ...flags, "--metrics-enabled=true"], "uid-job");
  }

  test("L20: update-status reports what an addon left, and a failure is one", async () => {
    const agent = await reportOutput("addon", { phase: "Failed", error: "no rights" });
    expect(await waitForExit(agent), agent.output()).toBe(1);
    expect(await readEntry(world, "addon")).toMatchObject({
      phase: "Failed",
      reason: "DUMP_FAILED",
      error: "no rights",
    });
  });

  test("L20: a snapshot that an addon made up is a failure, and one that is there is known to be the session's, while others back up into the repository", async () => {
    const invented = await reportOutput("invented", { phase: "Succeeded", snapshots: [{ name: "0123abcd" }] });
    expect(await waitForExit(invented), invented.output()).toBe(1);
    expect(await readEntry(world, "invented")).toMatchObject({
      phase: "Failed",
      reason: "SNAPSHOT_NOT_FOUND",
      error: expect.stringContaining("0123abcd"),
    });

    const summary = restic("backup", "--json", world.data).trim().split("\n").at(-1) ?? "";
    const name = /"snapshot_id":"([0-9a-f]{8})/.exec(summary)?.[1] ?? "";
    const other = await holdLock();
    try {
      const agent = await reportOutput("addon-good", { phase: "Succeeded", snapshots: [{ name, path: world.data }] });
      expect(await waitForExit(agent), agent.output()).toBe(0);
      expect(other.process.exitCode).toBeNull();
    } finally {
      await other.kill();
    }
    const { phase, snapshots } = await readEntry(world, "addon-good");
    expect(phase).toBe("Succeeded");
    expect(snapshots).toMatchObject([{ name }]);
    expect(restic("snapshots", "--json", "--no-lock")).toContain(`verdict=session=${world.namespace}/addon-good`);
  });
});
