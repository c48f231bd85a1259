import { describe, expect, test } from "vitest";
import type { JobOutcome } from "../../../../reconciler/jobs/decide.ts";
import { decidePoint } from "../../../../reconciler/restore/point-search.ts";
import type { RestoreView } from "../../../../reconciler/restore/view.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import type { PointSearch } from "../../../../shared/api/recovery-point.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const NOW = new Date(RESTORE_START_MS + 10_000);
const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

function aView(spec: Partial<RestoreBatch["spec"]>, change: Partial<RestoreView> = {}): RestoreView {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", uid: "uid", generation: 1 },
    spec: { repository: { name: "store" }, members: [{ target: { alias: "web", ref: REF } }], ...spec },
  });
  return { ...new RestoreSimulation(restore, []).view(), ...change };
}

function aPoint(session: string, time: string, namespace = "demo", hostname = "web") {
  const target = { kind: "Deployment", name: "web", namespace };
  return {
    namespace,
    session,
    time,
    snapshots: [{ target, hostname, path: "/data", id: `of-${namespace}-${session}` }],
  };
}

function found(points: PointSearch["points"], change: Partial<PointSearch> = {}): Pick<RestoreView, "status"> {
  const finishedAt = new Date(RESTORE_START_MS).toISOString();
  return {
    status: {
      pointSearch: { generation: 1, finishedAt, found: points?.length ?? 0, ...(points && { points }), ...change },
    },
  };
}

function aJob(outcome: JobOutcome, ageMs = 1_000): Pick<RestoreView, "pointSearch"> {
  const job = { namespace: "demo", name: "look", uid: "uid-job", createdAtMs: NOW.getTime() - ageMs };
  return { pointSearch: { problem: undefined, job, outcome, pod: undefined } };
}

const decide = (view: RestoreView, now = NOW) => decidePoint(view, now);
const END_JOB = [{ kind: "EndPointSearch", job: { name: "look" } }];
const ONE = aPoint("one", "2024-04-01T00:00:00Z");
const TWO = aPoint("two", "2024-04-02T00:00:00Z");

describe("until the repository was looked into", () => {
  test("a restore by rules asks for nothing", () => {
    expect(decide(aView({}))).toEqual({ kind: "none" });
    expect(decide(aView({ session: "one", driver: "VolumeSnapshotter" }))).toEqual({ kind: "none" });
  });

  test("a job is made, and waited for", () => {
    expect(decide(aView({ session: "one" }))).toMatchObject({ kind: "wait", actions: [{ kind: "EnsurePointSearch" }] });
    expect(decide(aView({ session: "one" }, aJob({ kind: "running" })))).toMatchObject({ kind: "wait", actions: [] });
  });

  test("what the job waits for is told", () => {
    const starting = { kind: "starting", code: "UNSCHEDULABLE", message: "no node fits", sinceMs: 0 } as const;
    expect(decide(aView({ session: "one" }, aJob(starting)))).toMatchObject({
      message: expect.stringContaining("no node fits"),
    });
  });

  test("a job that failed refuses the restore, and is made anew a minute later", () => {
    const failed = { kind: "failed", code: "JOB_FAILED", message: "WRONG_PASSWORD" } as const;
    const young = decide(aView({ session: "one" }, aJob(failed)));
    expect(young).toMatchObject({ kind: "refused", message: expect.stringContaining("WRONG_PASSWORD"), actions: [] });
    expect(decide(aView({ session: "one" }, aJob(failed, 60_000)))).toMatchObject({
      kind: "refused",
      actions: END_JOB,
    });
  });

  test("a job that ended well without a word is given a minute", () => {
    expect(decide(aView({ session: "one" }, aJob({ kind: "complete" })))).toMatchObject({ kind: "wait" });
    expect(decide(aView({ session: "one" }, aJob({ kind: "complete" }, 60_000)))).toMatchObject({ actions: END_JOB });
  });

  test.each<[string, JobOutcome, number]>([
    ["can't start", { kind: "starting", code: "UNSCHEDULABLE", message: "0/3 nodes", sinceMs: 0 }, 5 * 60_000],
    ["does not end", { kind: "running" }, 3_600_000],
  ])(
    "D19: a job that %s holds nobody for ever: the restore is refused, and the job made anew",
    (_what, outcome, limitMs) => {
      expect(decide(aView({ session: "one" }, aJob(outcome, limitMs - 1_000)))).toMatchObject({
        kind: "wait",
        actions: [],
      });
      expect(decide(aView({ session: "one" }, aJob(outcome, limitMs)))).toMatchObject({
        kind: "refused",
        actions: END_JOB,
      });
    },
  );

  test("a job that can't be made refuses the restore and is tried at every look", () => {
    const problem = { code: "BACKEND_INVALID", message: "no such volume" } as const;
    expect(
      decide(
        aView({ session: "one" }, { pointSearch: { problem, job: undefined, outcome: undefined, pod: undefined } }),
      ),
    ).toEqual({
      kind: "refused",
      message: "BACKEND_INVALID: no such volume",
      actions: [{ kind: "EnsurePointSearch" }],
      isOutdated: false,
    });
  });
});

test("nobody looks when the newest session tells its point whole", () => {
  const repository = {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: {},
    status: { lastBackupTime: ONE.time },
  } as const;
  const stats = [{ hostname: "web", phase: "Succeeded", snapshots: [{ name: "1234", path: "/data" }] }];
  const session = (target: object) =>
    parseBackupSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { name: "one", namespace: "demo", creationTimestamp: ONE.time },
      spec: {},
      status: { phase: "Succeeded", targets: [{ ref: REF, phase: "Succeeded", totalHosts: 1, stats, ...target }] },
    });
  const answer = (spec: Partial<RestoreBatch["spec"]>, target: object = {}) =>
    decide(aView(spec, { repository, sessions: [session(target)] }));
  for (const spec of [{ session: "one" }, { asOf: "2024-04-30T00:00:00Z" }]) {
    expect(answer(spec)).toMatchObject({
      kind: "chosen",
      point: { session: "one", snapshots: [{ hostname: "web", path: "/data", id: "1234" }] },
    });
  }
  // Not of every member: only the repository tells what there is instead.
  const members = ["web", "db"].map((name) => ({ target: { alias: name, ref: { ...REF, name } } }));
  expect(answer({ session: "one", members })).toMatchObject({ kind: "wait", actions: [{ kind: "EnsurePointSearch" }] });
});

describe("what was found", () => {
  test("is not what a later session of that name knows of itself", () => {
    const later = parseBackupSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { name: "one", namespace: "demo", creationTimestamp: TWO.time },
      spec: {},
      status: { phase: "Running", targets: [{ ref: REF, phase: "Running" }] },
    });
    const view = aView({ session: "one" }, { ...found([ONE]), ...aJob({ kind: "complete" }), sessions: [later] });
    expect(decide(view)).toMatchObject({ kind: "chosen", point: { session: "one", time: ONE.time } });
  });

  test("is forgotten with its job when the restore was changed since", () => {
    const view = aView({ session: "one" }, { ...found([ONE], { generation: 0 }), ...aJob({ kind: "complete" }) });
    expect(decide(view)).toMatchObject({ kind: "wait", isOutdated: true, actions: END_JOB });
  });

  test("asOf takes the newest at or before the time", () => {
    const asOf = (time: string) => decide(aView({ asOf: time }, found([ONE, TWO])));
    expect(asOf("2024-04-02T00:00:00Z")).toMatchObject({ kind: "chosen", point: { session: "two" } });
    expect(asOf("2024-04-01T23:59:59Z")).toMatchObject({ kind: "chosen", point: { session: "one" } });
    expect(asOf("2024-03-31T23:59:59Z")).toMatchObject({ kind: "refused", isOutdated: false });
  });

  test("that is nothing is looked for again when a session has ended since, or after an hour", () => {
    const session = parseBackupSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { name: "three", namespace: "demo" },
      spec: {},
      status: { phase: "Succeeded", completionTime: new Date(RESTORE_START_MS + 1_000).toISOString() },
    });
    const facts = { ...found([]), ...aJob({ kind: "complete" }) };
    expect(decide(aView({ session: "three" }, facts))).toMatchObject({
      kind: "refused",
      isOutdated: false,
      actions: [],
    });
    const news = decide(aView({ session: "three" }, { ...facts, sessions: [session] }));
    expect(news).toMatchObject({ kind: "refused", isOutdated: true, actions: END_JOB });
    const later = decide(aView({ session: "three" }, facts), new Date(RESTORE_START_MS + 3_600_000));
    expect(later).toMatchObject({ isOutdated: true });
  });

  test("of a session that has not ended, or whose target failed, is not taken", () => {
    const sessionIn = (phase: string, targetPhase: string) =>
      parseBackupSession({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupSession",
        metadata: { name: "one", namespace: "demo" },
        spec: {},
        status: { phase, targets: [{ ref: REF, phase: targetPhase }] },
      });
    const why = (phase: string, targetPhase: string) =>
      decide(aView({ session: "one" }, { ...found([ONE]), sessions: [sessionIn(phase, targetPhase)] }));
    expect(why("Running", "Succeeded")).toMatchObject({ message: expect.stringContaining("has not ended") });
    expect(why("Failed", "Failed")).toMatchObject({ message: expect.stringContaining("did not save web") });
    expect(why("Failed", "Succeeded")).toMatchObject({ kind: "chosen" });
  });

  test("of a neighbour with workloads of the same names is not taken while there is something of one's own", () => {
    const theirs = aPoint("theirs", "2024-04-03T00:00:00Z", "prod");
    const view = aView({ asOf: "2024-04-30T00:00:00Z" }, found([ONE, theirs]));
    expect(decide(view)).toMatchObject({ kind: "chosen", point: { session: "one", namespace: "demo" } });
    const named = aView({ session: "prod/theirs" }, found([ONE, theirs]));
    expect(decide(named)).toMatchObject({ kind: "chosen", point: { session: "theirs", namespace: "prod" } });
  });

  test("is taken from the only other namespace, and from none of several", () => {
    const asOf = "2024-04-30T00:00:00Z";
    const prod = aPoint("one", "2024-04-01T00:00:00Z", "prod");
    const test = aPoint("one", "2024-04-02T00:00:00Z", "test");
    expect(decide(aView({ asOf }, found([prod])))).toMatchObject({ kind: "chosen", point: { namespace: "prod" } });
    expect(decide(aView({ asOf }, found([prod, test])))).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("Set spec.session to NAMESPACE/NAME"),
    });
  });

  test("D25: of another cluster is not taken while there is something of one's own, and its sessions are not asked", () => {
    const asOf = "2024-04-30T00:00:00Z";
    const theirs = { ...TWO, cluster: "that" };
    const own = { ...ONE, cluster: "this" };
    const choose = (points: PointSearch["points"], change: Partial<RestoreView> = {}) =>
      decide(aView({ asOf }, { ...found(points), clusterId: "this", ...change }));
    expect(choose([theirs, own])).toMatchObject({ point: { session: "one", cluster: "this" } });
    expect(choose([theirs, ONE])).toMatchObject({ point: { session: "one" } });
    expect(choose([theirs])).toMatchObject({ point: { session: "two", cluster: "that" } });
    expect(choose([theirs, { ...ONE, cluster: "third" }])).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("2 other clusters"),
    });
    const running = parseBackupSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { name: "two", namespace: "demo" },
      spec: {},
      status: { phase: "Running" },
    });
    expect(choose([theirs], { sessions: [running] })).toMatchObject({ kind: "chosen" });
    expect(choose([{ ...TWO, cluster: "this" }], { sessions: [running] })).toMatchObject({ kind: "refused" });
  });

  test("D25: of a StatefulSet that was scaled up since is complete, where its tags say how many hosts there were", () => {
    const ref = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" };
    const target = { kind: "StatefulSet", name: "db", namespace: "demo" };
    const pointOf = (hostnames: readonly string[], hosts?: number) => ({
      namespace: "demo",
      session: "one",
      time: "2024-04-01T00:00:00Z",
      snapshots: hostnames.map((hostname) => ({
        target,
        hostname,
        path: "/data",
        id: hostname,
        ...(hosts && { hosts }),
      })),
    });
    const choose = (point: ReturnType<typeof pointOf>) => {
      const view = aView({ session: "one", members: [{ target: { ref } }] }, found([point]));
      const replicas = { ...ref, namespace: "demo", uid: "u", replicas: 3, firstOrdinal: 0, pods: [] };
      return decide({ ...view, workloads: new Map([["StatefulSet/demo/db", replicas]]) });
    };
    expect(choose(pointOf(["host-0", "host-1"], 2))).toMatchObject({ kind: "chosen" });
    // Nobody knows of these whether there were more.
    expect(choose(pointOf(["host-0", "host-1"]))).toMatchObject({ message: expect.stringContaining("host host-2") });
    expect(choose(pointOf(["host-0", "host-2"], 3))).toMatchObject({ message: expect.stringContaining("host host-1") });
    expect(choose(pointOf(["db-0", "db-1"], 2))).toMatchObject({ kind: "refused" });
  });

  test("must hold every path that the rules name", () => {
    const members = [{ target: { alias: "web", ref: REF, rules: [{ paths: ["/data", "/logs"] }] } }];
    const simulation = aView({ session: "one", members }, found([ONE]));
    const replicas = { ...REF, namespace: "demo", uid: "u", replicas: 1, firstOrdinal: 0, pods: [] };
    const view = { ...simulation, workloads: new Map([["Deployment/demo/web", replicas]]) };
    expect(decide(view)).toMatchObject({ kind: "refused", message: expect.stringContaining("did not save web") });
  });
});
