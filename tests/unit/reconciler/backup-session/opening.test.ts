/** D13: of many sessions whose Repository nobody has saved into yet, one at a time looks for it and makes it. */
import { beforeEach, describe, expect, test } from "vitest";
import { type OpeningWorld, openingOf } from "../../../../reconciler/backup-session/opening.ts";
import { createWorld } from "../../../../reconciler/world/informers.ts";
import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { placeOf } from "../../../../shared/backends.ts";

const STORE = { namespace: "vault", name: "store" };
const INIT = "InitializeBackendRepository";
const TIME = "2024-04-30T02:00:00Z";

/** One that has begun, and whose only host waits for its turn. */
function aSession(name: string, status: object = {}): BackupSession {
  return parseBackupSession({
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace: `of-${name}`, uid: `uid-${name}` },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "nightly" } },
    status: {
      phase: "Running",
      repository: STORE,
      targets: [{ phase: "Running", totalHosts: 1, stats: [{ hostname: "web", phase: "Pending", assignedAt: TIME }] }],
      ...status,
    },
  });
}

function anOrder(name: string, spec: object = {}, status: object = {}) {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { name: `order-${name}`, namespace: `of-${name}`, uid: `uid-order-${name}` },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name, uid: `uid-${name}` },
      host: "web",
      target: { kind: "Deployment", name: "web" },
      pod: { name: "web-1", uid: "uid-pod" },
      repository: STORE,
      actions: [INIT],
      ...spec,
    },
    status,
  });
}

/** Of each Repository, by its name. */
let stores: Record<string, object>;
let world: OpeningWorld;
let sessions: BackupSession[];
let orders: ReturnType<typeof anOrder>[];
let firstBackupTime: string | undefined;
let monotonicMs: number;

beforeEach(() => {
  stores = { store: { rest: { url: "http://store/" } } };
  [sessions, orders, firstBackupTime, monotonicMs] = [[aSession("a"), aSession("b"), aSession("c")], [], undefined, 0];
  const empty = createWorld({
    client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
    onProblem: () => undefined,
    onFail: () => undefined,
  });
  const repository = (namespace: string | undefined, name: string) =>
    parseRepository({
      apiVersion: KINDS.Repository.apiVersion,
      kind: "Repository",
      metadata: { namespace, name, uid: `uid-${name}` },
      spec: { backend: { storageSecretName: "s", ...stores[name] } },
      status: { ...(firstBackupTime !== undefined && { firstBackupTime }) },
    });
  const isOf = (key: string) => (session: BackupSession) =>
    `${session.status?.repository?.namespace}/${session.status?.repository?.name}` === key;
  world = {
    sessions: { ...empty.sessions, byIndex: (_index, key) => sessions.filter(isOf(key)) },
    repositories: {
      ...empty.repositories,
      get: repository,
      byIndex: (_index, place) =>
        Object.keys(stores)
          .map((name) => repository(STORE.namespace, name))
          .filter(({ spec }) => placeOf(spec.backend) === place),
    },
    hostRuns: { ...empty.hostRuns, byIndex: (_index, uid) => orders.filter(({ spec }) => spec.run.uid === uid) },
  };
});

function ask(name: string): string {
  const session = sessions.find(({ metadata }) => metadata.name === name) ?? aSession(name);
  const { namespace = "", name: repository = "" } = session.status?.repository ?? {};
  return openingOf({ world, monotonicMs }, session, session.status ?? {}, { namespace, name: repository });
}

function become(name: string, status: object): void {
  sessions = sessions.map((session) => (session.metadata.name === name ? aSession(name, status) : session));
}

const OPENED = { conditions: [{ type: "BackendRepositoryInitialized", status: "True", lastTransitionTime: TIME }] };

describe("D13: of sessions that begin together with a new Repository", () => {
  test("one goes, however often and in whatever order they are asked", () => {
    expect(["b", "a", "c", "b", "c", "a"].map(ask)).toEqual(["free", "waits", "waits", "free", "waits", "waits"]);
  });

  test("the others wait while the order stands, also for a leader that has just begun", () => {
    orders = [anOrder("b", {}, { phase: "Running" })];
    expect([ask("a"), ask("c")]).toEqual(["waits", "waits"]);
    monotonicMs = 3_600_000;
    expect(ask("a")).toBe("waits");
  });

  test("the next goes when the first has found or made it, failed, or was given up", () => {
    const told = { results: [{ action: INIT, phase: "Succeeded", startedAt: TIME, finishedAt: TIME }] };
    for (const [spec, status] of [
      [{}, { phase: "Running", ...told }],
      [{}, { phase: "Failed" }],
      [{ cancel: { reason: "CANCELLED", message: "no more" } }, {}],
    ] as const) {
      orders = [anOrder("b", spec, status)];
      become("b", OPENED);
      expect([ask("a"), ask("c")], JSON.stringify([spec, status])).toEqual(["free", "waits"]);
    }
  });

  test.each([
    ["it is over", { phase: "Failed" }],
    ["it told what it found", OPENED],
  ])("whoever was let go holds nobody once %s", (_why, status) => {
    expect(ask("b")).toBe("free");
    become("b", status);
    expect([ask("a"), ask("c")]).toEqual(["free", "waits"]);
  });

  test("whoever was let go and is gone, or never gets his order, holds nobody for long", () => {
    expect(ask("b")).toBe("free");
    monotonicMs = 300_000;
    expect(ask("a")).toBe("free");
    sessions = sessions.filter(({ metadata }) => metadata.name !== "a");
    expect(ask("c")).toBe("free");
  });

  test("nobody is let go before a host of his waits for its turn", () => {
    become("b", { targets: [{ phase: "Pending" }] });
    expect([ask("b"), ask("a")]).toEqual(["waits", "free"]);
  });

  test("a status that somebody wrote by hand holds nobody", () => {
    const stats = [{ hostname: "web", phase: "Running", pod: "p", podUID: "u", attempt: 1, actions: [INIT] }];
    become("b", { targets: [{ phase: "Running", totalHosts: 1, stats }] });
    expect(ask("a")).toBe("free");
  });

  test("all go at once when something was saved in it before", () => {
    firstBackupTime = TIME;
    expect(["a", "b", "c"].map(ask)).toEqual(["free", "free", "free"]);
  });
});

describe("D13: of two Repositories that are new", () => {
  const MINIO = { endpoint: "http://minio.demo:9000", bucket: "backups" };

  test.each([
    [
      "one bucket and folder, by two addresses",
      { s3: { ...MINIO, prefix: "/demo/" } },
      { s3: { ...MINIO, endpoint: "minio.demo:9000", prefix: "demo" } },
    ],
    [
      "one server's folder, with and without a user",
      { rest: { url: "http://store/a/" } },
      { rest: { url: "http://me@store/a" } },
    ],
    [
      "one folder of a node, told in two ways",
      { local: { mountPath: "/a", hostPath: { path: "/data/x" } } },
      { local: { mountPath: "/b", subPath: "x", hostPath: { path: "/data", type: "Directory" } } },
    ],
  ])("%s: the session of one opens it, and that of the other waits", (_what, store, copy) => {
    stores = { store, copy };
    sessions = [aSession("a"), aSession("b", { repository: { ...STORE, name: "copy" } })];
    expect([ask("b"), ask("a"), ask("b")]).toEqual(["free", "waits", "free"]);
    orders = [anOrder("b", { repository: { ...STORE, name: "copy" } }, { phase: "Running" })];
    monotonicMs = 3_600_000;
    expect(ask("a")).toBe("waits");
    become("b", { repository: { ...STORE, name: "copy" }, ...OPENED });
    orders = [];
    expect(ask("a")).toBe("free");
  });

  test.each([
    ["another folder", { s3: { ...MINIO, prefix: "shop" } }, { s3: { ...MINIO, prefix: "blog" } }],
    ["another kind of store", { gcs: { bucket: "backups" } }, { b2: { bucket: "backups" } }],
    [
      "another claim",
      { local: { mountPath: "/a", persistentVolumeClaim: { claimName: "x" } } },
      { local: { mountPath: "/a", persistentVolumeClaim: { claimName: "y" } } },
    ],
  ])("%s: neither waits for the other", (_what, store, copy) => {
    stores = { store, copy };
    sessions = [aSession("a"), aSession("b", { repository: { ...STORE, name: "copy" } })];
    expect([ask("a"), ask("b")]).toEqual(["free", "free"]);
  });
});
