import { describe, expect, test } from "vitest";
import { type KnownPointFacts, readKnownPoint } from "../../../../reconciler/restore/known-point.ts";
import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { restoreInvokerView } from "../../../../shared/invoker/object.ts";

const BACKEND = { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b" } };
const REF = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" };
const HOSTS = ["db-0", "db-1"];

function aSession(name: string, time: string, status: object = {}, namespace = "demo"): BackupSession {
  const stats = HOSTS.map((hostname) => ({
    hostname,
    phase: "Succeeded",
    snapshots: [{ name: `${name}-${hostname}`, path: "/data" }],
  }));
  return parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name, namespace, creationTimestamp: time },
    spec: {},
    status: {
      phase: "Succeeded",
      repository: { name: "store", namespace: "demo", backend: BACKEND },
      targets: [{ ref: REF, phase: "Succeeded", totalHosts: 2, stats }],
      ...status,
    },
  });
}

const OLD = aSession("old", "2024-04-01T00:00:00Z");
const NEW = aSession("new", "2024-04-02T00:00:00Z");

function facts(
  spec: object,
  sessions: readonly BackupSession[],
  { lastBackupTime = "2024-04-02T00:00:00Z", backend = BACKEND as object } = {},
): KnownPointFacts {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", uid: "uid", generation: 1 },
    spec: { repository: { name: "store" }, members: [{ target: { alias: "db", ref: REF } }], ...spec },
  });
  const repository = parseRepository({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: { backend },
    status: { lastBackupTime },
  });
  return { invoker: restoreInvokerView(restore), repository, sessions, clusterId: "cluster" };
}

const known = (...args: Parameters<typeof facts>) => readKnownPoint(facts(...args))?.session;

test("the newest session tells its point: each host with its snapshots", () => {
  const point = readKnownPoint(facts({ session: "new" }, [NEW, OLD]));
  expect(point).toMatchObject({ cluster: "cluster", namespace: "demo", session: "new", time: "2024-04-02T00:00:00Z" });
  const snapshots = HOSTS.map((hostname) => ({ hostname, path: "/data", id: `new-${hostname}`, hosts: 2 }));
  expect(point?.snapshots).toMatchObject(snapshots);
  expect(known({ asOf: "2024-04-02T00:00:00Z" }, [OLD, NEW])).toBe("new");
});

test("of a host with several paths it tells how many there were", () => {
  const stats = [
    { hostname: "db-0", phase: "Succeeded", snapshots: ["/a", "/b"].map((path) => ({ name: path, path })) },
    { hostname: "db-1", phase: "Succeeded", snapshots: [{ name: "c", path: "/a" }] },
  ];
  const targets = [{ ref: REF, phase: "Succeeded", totalHosts: 2, stats }];
  const point = readKnownPoint(facts({ session: "new" }, [aSession("new", "2024-04-02T00:00:00Z", { targets })]));
  expect(point?.snapshots.map(({ paths }) => paths)).toEqual([2, 2, undefined]);
});

describe("somebody has to look into the repository", () => {
  test("for any other than the newest: retention may have taken it", () => {
    expect(known({ session: "old" }, [OLD, NEW])).toBeUndefined();
    expect(known({ asOf: "2024-04-01T12:00:00Z" }, [OLD, NEW])).toBeUndefined();
    expect(known({ session: "gone" }, [OLD, NEW])).toBeUndefined();
  });

  test("when a session that is gone saved after it", () => {
    expect(known({ asOf: "2024-05-01T00:00:00Z" }, [OLD])).toBeUndefined();
    expect(known({ asOf: "2024-05-01T00:00:00Z" }, [])).toBeUndefined();
  });

  test("when a later one failed: it may hold all that is asked for", () => {
    const failed = aSession("failed", "2024-04-03T00:00:00Z", { phase: "Failed" });
    expect(known({ session: "new" }, [NEW, failed])).toBeUndefined();
    const skipped = aSession("skipped", "2024-04-03T00:00:00Z", { phase: "Skipped", targets: [] });
    const running = aSession("running", "2024-04-03T00:00:00Z", { phase: "Running" });
    expect(known({ session: "new" }, [NEW, skipped, running])).toBe("new");
  });

  test("when the status does not tell all: hosts that are counted only, snapshots without their ids", () => {
    const [target] = NEW.status?.targets ?? [];
    const withTarget = (change: object) => [
      aSession("new", "2024-04-02T00:00:00Z", { targets: [{ ...target, ...change }] }),
    ];
    expect(known({ session: "new" }, withTarget({}))).toBe("new");
    expect(known({ session: "new" }, withTarget({ totalHosts: 3 }))).toBeUndefined();
    expect(known({ session: "new" }, withTarget({ totalHosts: undefined }))).toBeUndefined();
    expect(known({ session: "new" }, withTarget({ phase: "Failed" }))).toBeUndefined();
    const nameless = target?.stats?.map((host) => ({ ...host, snapshots: [{ path: "/data" }] }));
    expect(known({ session: "new" }, withTarget({ stats: nameless }))).toBeUndefined();
    const empty = target?.stats?.map((host) => ({ ...host, snapshots: [] }));
    expect(known({ session: "new" }, withTarget({ stats: empty }))).toBeUndefined();
  });

  test("when a host saved more paths than its status lists", () => {
    const [target] = NEW.status?.targets ?? [];
    const withCount = (snapshotCount: number) => {
      const stats = target?.stats?.map((host) => ({ ...host, snapshotCount }));
      return [aSession("new", "2024-04-02T00:00:00Z", { targets: [{ ...target, stats }] })];
    };
    expect(known({ session: "new" }, withCount(1))).toBe("new");
    expect(known({ session: "new" }, withCount(2))).toBeUndefined();
    expect(known({ asOf: "2024-04-02T00:00:00Z" }, withCount(2))).toBeUndefined();
  });

  test("when it saved elsewhere: the Repository has another backend now, or it is of another namespace", () => {
    const moved = { ...BACKEND, s3: { ...BACKEND.s3, bucket: "c" } };
    expect(known({ session: "new" }, [NEW], { backend: moved })).toBeUndefined();
    const theirs = aSession("new", "2024-04-02T00:00:00Z", {}, "prod");
    expect(known({ session: "prod/new" }, [theirs])).toBeUndefined();
    expect(known({ asOf: "2024-05-01T00:00:00Z" }, [theirs])).toBeUndefined();
  });
});

test("a session that a clock ahead has dated is not known to be the newest: the repository tells", () => {
  const ahead = aSession("ahead", "2031-04-01T00:00:00Z");
  expect(known({ asOf: "2040-01-01T00:00:00Z" }, [ahead, NEW, OLD])).toBeUndefined();
});
