/** Who counts as a user of a Repository: those whom its owner allows, and by what others than they have written. */
import { describe, expect, test } from "vitest";
import { readJobPod } from "../../../../reconciler/jobs/object.ts";
import { gatherMaintenance } from "../../../../reconciler/maintenance/gather.ts";
import { findSaver } from "../../../../reconciler/maintenance/saver.ts";
import { createWorld, type World } from "../../../../reconciler/world/informers.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import { aRepository, LIMITS } from "./builders.ts";

const REPOSITORY = { name: "store", namespace: "vault" };
const SELECTED = { usagePolicy: { allowedNamespaces: { from: "Selector", selector: { matchLabels: { team: "a" } } } } };
const STORE = aRepository({}, SELECTED);
const LABELS: Readonly<Record<string, Readonly<Record<string, string>>>> = { friend: { team: "a" } };
const TYPE = { apiVersion: "stash.appscode.com/v1beta1" };
const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "app" };

function anInvoker(namespace: string, repository: object = REPOSITORY) {
  return parseBackupConfiguration({
    ...TYPE,
    kind: "BackupConfiguration",
    metadata: { name: "app", namespace },
    spec: { repository, retentionPolicy: { name: "p", keepLast: 1, prune: true }, target: { ref: REF } },
  });
}

/** Its status says that it uses the Repository, as anybody's may. */
function aSession(namespace: string, status: object = {}) {
  return parseBackupSession({
    ...TYPE,
    kind: "BackupSession",
    metadata: { name: "s", namespace, uid: `uid-${namespace}` },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "app" } },
    status: { repository: REPOSITORY, phase: "Running", ...status },
  });
}

function aRestore(namespace: string) {
  return parseRestoreSession({
    ...TYPE,
    kind: "RestoreSession",
    metadata: { name: "r", namespace, uid: `uid-${namespace}` },
    spec: { repository: REPOSITORY, target: { ref: REF } },
    status: { phase: "Running" },
  });
}

function anOrder(namespace: string, pod: string, spec: object = {}, phase = "Succeeded") {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { name: pod, namespace, uid: `uid-run-${pod}` },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name: "s", uid: `uid-${namespace}` },
      host: "host-0",
      pod: { name: pod, uid: `uid-${pod}` },
      assignedAt: "2026-01-09T02:00:00Z",
      repository: REPOSITORY,
      ...spec,
    },
    status: { phase },
  });
}

const empty = createWorld({
  client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
  onProblem: () => undefined,
  onFail: () => undefined,
});

interface Known {
  readonly invokers?: readonly ReturnType<typeof anInvoker>[];
  readonly sessions?: readonly ReturnType<typeof aSession>[];
  readonly restores?: readonly ReturnType<typeof aRestore>[];
  readonly orders?: readonly ReturnType<typeof anOrder>[];
  readonly pods?: readonly object[];
}

function worldOf({ invokers = [], sessions = [], restores = [], orders = [], pods = [] }: Known): World {
  const keyOf = (ref: { name?: string; namespace?: string } | undefined, namespace: string) =>
    `${ref?.namespace || namespace}/${ref?.name}`;
  return {
    ...empty,
    configurations: {
      ...empty.configurations,
      byIndex: (_, key) => invokers.filter((one) => keyOf(one.spec.repository, one.metadata.namespace) === key),
    },
    sessions: {
      ...empty.sessions,
      byIndex: (index, key) =>
        sessions.filter(({ metadata, spec, status }) =>
          index === "repository"
            ? keyOf(status?.repository, metadata.namespace) === key
            : `${spec.invoker?.kind}/${metadata.namespace}/${spec.invoker?.name}` === key,
        ),
    },
    restoreSessions: {
      ...empty.restoreSessions,
      byIndex: (_, key) => restores.filter((one) => keyOf(one.spec.repository, one.metadata.namespace) === key),
    },
    hostRuns: { ...empty.hostRuns, byIndex: (_, uid) => orders.filter(({ spec }) => spec.run.uid === uid) },
    namespaces: {
      ...empty.namespaces,
      get: (_, name) => ({ uid: name, name, labels: LABELS[name] ?? {}, annotations: {} }),
    },
    jobPods: {
      ...empty.jobPods,
      byIndex: (_, uid) => pods.flatMap((pod) => readJobPod(pod) ?? []).filter((pod) => pod.uid === uid),
    },
  };
}

function gather(known: Known) {
  const memory = { problem: undefined, sinceTryMs: new Map(), limits: LIMITS, completeForMs: () => 0, deletions: [] };
  return gatherMaintenance(worldOf(known), STORE, memory);
}

describe("S6: who may not use a Repository", () => {
  test("has no say in whether it is pruned", () => {
    expect(gather({ invokers: [anInvoker("stranger")] }).isPruneWanted).toBe(false);
    expect(gather({ invokers: [anInvoker("friend")] }).isPruneWanted).toBe(true);
  });

  test("holds its maintenance with no session, whatever the status says", () => {
    const invokers = [anInvoker("stranger")];
    expect(gather({ invokers, sessions: [aSession("stranger")] }).user).toBeUndefined();
    const completionTime = "2026-01-10T01:59:59Z";
    const ended = aSession("stranger", { phase: "Succeeded", completionTime });
    expect(gather({ invokers, sessions: [ended] }).restSinceMs).toBeUndefined();
  });

  test("holds it with no restore", () => {
    expect(gather({ restores: [aRestore("stranger")] }).user).toBeUndefined();
    expect(gather({ restores: [aRestore("friend")] }).user).toBe("RestoreSession friend/r");
  });
});

describe("a session uses a Repository", () => {
  test("from its creation on, by what its invoker says", () => {
    const session = aSession("friend", { repository: undefined, phase: undefined });
    expect(gather({ invokers: [anInvoker("friend")], sessions: [session] }).user).toBe("BackupSession friend/s");
  });

  test("by its orders where the invoker is gone or saves elsewhere, and not by its status alone", () => {
    const invokers = [anInvoker("friend", { name: "other", namespace: "vault" })];
    const sessions = [aSession("friend")];
    expect(gather({ invokers, sessions }).user).toBeUndefined();
    expect(gather({ invokers, sessions, orders: [anOrder("friend", "p", {}, "Running")] }).user).toBeDefined();
  });
});

describe("S6: the pod that saved last", () => {
  const entry = { hostname: "host-0", pod: "forged", podUID: "forged", node: "victim", phase: "Succeeded" };
  const sessions = [aSession("friend", { targets: [{ ref: REF, stats: [entry] }] })];
  const invokers = [anInvoker("friend")];
  const saver = (orders: NonNullable<Known["orders"]>, pods: readonly object[] = []) =>
    findSaver(worldOf({ invokers, sessions, orders, pods }), STORE);

  test("is told by orders, and by no status of a session", () => {
    expect(saver([])).toBeUndefined();
    expect(saver([anOrder("friend", "web-1", { node: "node-a" })])).toEqual({
      namespace: "friend",
      name: "web-1",
      uid: "uid-web-1",
      nodeName: "node-a",
    });
  });

  test("is the newest that saved there", () => {
    const orders = [
      anOrder("friend", "old", { node: "node-a" }),
      anOrder("friend", "new", { node: "node-b", assignedAt: "2026-01-10T01:00:00Z" }),
      anOrder("friend", "failed", { node: "node-c", assignedAt: "2026-01-10T01:30:00Z" }, "Failed"),
      anOrder("friend", "elsewhere", {
        assignedAt: "2026-01-10T01:40:00Z",
        repository: { name: "b", namespace: "vault" },
      }),
      anOrder("friend", "restored", { work: "Restore", assignedAt: "2026-01-10T01:50:00Z" }),
    ];
    expect(saver(orders)?.name).toBe("new");
  });

  test("is on the node that the cluster says, where its order is an old one", () => {
    const owner = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "job", controller: true };
    const pod = (namespace: string) => ({
      metadata: { name: "web-1", namespace, uid: "uid-web-1", ownerReferences: [owner] },
      spec: { nodeName: "node-d", containers: [] },
    });
    expect(saver([anOrder("friend", "web-1")], [pod("friend")])?.nodeName).toBe("node-d");
    expect(saver([anOrder("friend", "web-1")], [pod("stranger")])?.nodeName).toBeUndefined();
  });
});
