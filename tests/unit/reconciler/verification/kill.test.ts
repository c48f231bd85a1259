/** A drill whose reconciler is killed at each of its writes, before it reached the API server and after: it ends all the same, and leaves nothing. */
import { expect, test } from "vitest";
import { readJob, readJobPod } from "../../../../reconciler/jobs/job-object.ts";
import { actOnDrill, type DrillActPorts } from "../../../../reconciler/verification/act.ts";
import { cleanUp } from "../../../../reconciler/verification/clean-up.ts";
import { decideDrill } from "../../../../reconciler/verification/decide.ts";
import { gatherDrill } from "../../../../reconciler/verification/gather.ts";
import { isFinalDrill } from "../../../../reconciler/verification/status.ts";
import { drillAccountName } from "../../../../reconciler/verification/verify-job.ts";
import { createWorld } from "../../../../reconciler/world/world.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { parseBackupVerificationSession } from "../../../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../../../shared/api/backup-verifier.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";
import { valueAt } from "../../../../shared/kube/json-value.ts";
import { createLogger } from "../../../../shared/log.ts";
import { FakeApi } from "../fake-api.ts";
import { aDrill, aSession, aVerifier } from "./builders.ts";

const API = "stash.appscode.com/v1beta1";
const TIME = "2026-05-01T10:00:00Z";

function filledApi(): FakeApi {
  const api = new FakeApi();
  api.put("storageclasses", {
    metadata: { name: "s", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  });
  api.put("repositories", {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo", uid: "uid-store" },
    spec: { backend: { storageSecretName: "backend", rest: { url: "http://store" } } },
    status: { points: [{ session: "s-1", namespace: "demo", time: TIME, complete: true }] },
  });
  api.put("backupbatches", {
    apiVersion: API,
    kind: "BackupBatch",
    metadata: { name: "app", namespace: "demo", uid: "uid-app" },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 1, prune: false },
      members: [{ target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } }],
    },
  });
  const session = aSession("s-1", TIME, ["/data/a", "/srv/b"]);
  for (const [plural, object] of [
    ["backupsessions", session],
    ["backupverifiers", aVerifier()],
    ["backupverificationsessions", aDrill()],
  ] as const) {
    api.put(plural, JSON.parse(JSON.stringify(object)));
  }
  return api;
}

const empty = createWorld({
  client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
  onProblem: () => undefined,
  onFail: () => undefined,
});

/** The informers, as if each saw every write at once. */
function worldOf(api: FakeApi): typeof empty {
  function all<T>(plural: string, parse: (raw: unknown) => T | undefined): T[] {
    return api.names(plural).flatMap((key) => {
      const [namespace = "", name = ""] = key.split("/");
      return parse(api.get(plural, namespace, name)) ?? [];
    });
  }
  const named = <T extends { readonly metadata: { readonly name: string } }>(
    plural: string,
    parse: (raw: unknown) => T,
    keysOf: (object: T) => readonly (string | undefined)[] = () => [],
  ) => ({
    get: (_namespace: string | undefined, name: string) =>
      all(plural, parse).find(({ metadata }) => metadata.name === name),
    list: () => all(plural, parse),
    byIndex: (_index: string, key: string) => all(plural, parse).filter((object) => keysOf(object).includes(key)),
  });
  return {
    ...empty,
    drills: { ...empty.drills, ...named("backupverificationsessions", parseBackupVerificationSession) },
    verifiers: { ...empty.verifiers, ...named("backupverifiers", parseBackupVerifier) },
    batches: { ...empty.batches, ...named("backupbatches", parseBackupBatch) },
    repositories: { ...empty.repositories, ...named("repositories", parseRepository) },
    sessions: { ...empty.sessions, ...named("backupsessions", parseBackupSession, () => ["BackupBatch/demo/app"]) },
    restoreBatches: {
      ...empty.restoreBatches,
      ...named("restorebatches", parseRestoreBatch, ({ spec }) =>
        (spec.members ?? []).map(({ target }) => `${target?.ref?.kind}/demo/${target?.ref?.name}`),
      ),
    },
    restoreSessions: { ...empty.restoreSessions, ...named("restoresessions", parseRestoreSession) },
    hostRuns: { ...empty.hostRuns, ...named("hostruns", parseHostRun, ({ spec }) => [spec.run.uid]) },
    jobs: {
      ...empty.jobs,
      byIndex: (_index: string, uid: string) => all("jobs", readJob).filter(({ ownerUid }) => ownerUid === uid),
    },
    jobPods: {
      ...empty.jobPods,
      byIndex: (_index: string, uid: string) => all("pods", readJobPod).filter(({ jobUid }) => jobUid === uid),
    },
  };
}

class Killed extends Error {}

/** @param at number of the write that is the last one, from 1 */
function portsOf(api: FakeApi, at: number, isAfter: boolean, count: { writes: number }): DrillActPorts {
  async function guarded<T>(write: () => Promise<T>): Promise<T> {
    count.writes += 1;
    if (count.writes === at && !isAfter) throw new Killed();
    const answer = await write();
    if (count.writes === at) throw new Killed();
    return answer;
  }
  const { client } = api;
  return {
    client: {
      find: client.find,
      list: client.list,
      read: async () => "",
      create: async (resource, namespace, body, parse, options) =>
        options?.dryRun === true ? parse(body) : guarded(() => client.create(resource, namespace, body, parse)),
      patch: (...call) => guarded(() => client.patch(...call)),
      patchStatus: (...call) => guarded(() => client.patch(...call)),
      delete: (...call) => guarded(() => client.delete(...call)),
    },
    settings: { image: "stash:1", nativeSidecar: false, followsImage: false },
    log: createLogger("reconciler", "error"),
    signal: new AbortController().signal,
    now: new Date("2026-05-02T00:00:10Z"),
    evidence: { product: "1.0.0", readKey: () => undefined },
    cluster: "of-tests",
  };
}

/** What the engine, the Job controller and the agent do meanwhile. */
function othersWork(api: FakeApi): void {
  for (const key of api.names("restorebatches")) {
    const object = api.get("restorebatches", "demo", key.split("/")[1] ?? "");
    if (object === undefined || valueAt(object, "status", "phase") !== undefined) continue;
    api.put("restorebatches", { ...object, status: { phase: "Succeeded", completionTime: "2026-05-02T00:00:09Z" } });
  }
  for (const key of api.names("jobs")) {
    const name = key.split("/")[1] ?? "";
    const uid = valueAt(api.get("jobs", "demo", name), "metadata", "uid");
    api.put("pods", {
      metadata: {
        name: `${name}-pod`,
        namespace: "demo",
        uid: `pod-of-${name}`,
        ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true }],
      },
      spec: { containers: [{ name: "stash" }] },
      status: { phase: "Running", containerStatuses: [{ name: "stash", state: { running: { startedAt: TIME } } }] },
    });
  }
  for (const key of api.names("hostruns")) {
    const object = api.get("hostruns", "demo", key.split("/")[1] ?? "");
    const verified = { members: [{ alias: "web", files: 3, compared: 3 }] };
    api.put("hostruns", { ...object, status: { phase: "Succeeded", verified } });
  }
}

const MADE = [
  "persistentvolumeclaims",
  "restorebatches",
  "jobs",
  "hostruns",
  "serviceaccounts",
  "roles",
  "rolebindings",
];

/** @returns how many writes there were */
async function drillKilledAt(at: number, isAfter: boolean, change: (api: FakeApi, look: number) => void = () => {}) {
  const api = filledApi();
  const count = { writes: 0 };
  const ports = portsOf(api, at, isAfter, count);
  const read = () => parseBackupVerificationSession(api.get("backupverificationsessions", "demo", "drill-1"));
  const memory = { problem: undefined, sinceTryMs: undefined, podWaitMs: 60_000, completeForMs: () => 0 };
  for (let look = 0; look < 60 && !isFinalDrill(read()); look += 1) {
    change(api, look);
    const decision = decideDrill(gatherDrill(worldOf(api), read(), memory), ports.now);
    try {
      if (decision.kind !== "wait") await actOnDrill(ports, gatherDrill(worldOf(api), read(), memory), decision);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    othersWork(api);
  }
  const { status } = read();
  // The sweep of whoever leads next.
  await cleanUp(ports.client, read(), drillAccountName(read()), ports.signal);
  const left = MADE.flatMap((plural) => api.names(plural).map((name) => `${plural} ${name}`));
  const points = valueAt(api.get("repositories", "demo", "store"), "status", "points");
  const lastProven = valueAt(api.get("backupbatches", "demo", "app"), "status", "lastProven");
  return { phase: status?.phase, message: status?.message, left, points, lastProven, writes: count.writes };
}

test("killed at any write, a drill goes on to its end and leaves nothing", async () => {
  const whole = await drillKilledAt(0, false);
  expect(whole).toMatchObject({ phase: "Succeeded", left: [], points: [{ proven: { by: "drill-1" } }] });
  expect(whole.writes).toBeGreaterThan(15);
  for (let at = 1; at <= whole.writes; at += 1) {
    for (const isAfter of [false, true]) {
      const killed = await drillKilledAt(at, isAfter);
      const { phase, left, points, lastProven } = killed;
      expect({ at, isAfter, phase, left }).toEqual({ at, isAfter, phase: "Succeeded", left: [] });
      expect(points).toMatchObject([{ proven: { by: "drill-1" } }]);
      expect(lastProven).toMatchObject({ by: "drill-1", session: "s-1" });
    }
  }
});

test("a drill gives way to a restore of the application at whatever step it is, and leaves nothing", async () => {
  const restore = {
    apiVersion: API,
    kind: "RestoreBatch",
    metadata: { name: "real", namespace: "demo", uid: "uid-real" },
    spec: {
      repository: { name: "store" },
      session: "s-1",
      members: [{ target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } }],
    },
    status: {
      phase: "Running",
      startTime: TIME,
      members: [{ ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, totalHosts: 1 }],
    },
  };
  for (let from = 0; from < 5; from += 1) {
    const { phase, message, left, points } = await drillKilledAt(0, false, (api, look) => {
      if (look === from) api.put("restorebatches", restore);
    });
    expect({ from, phase, left }).toEqual({ from, phase: "Skipped", left: ["restorebatches demo/real"] });
    expect(message).toContain("RestoreBatch demo/real");
    expect(points).toEqual([{ session: "s-1", namespace: "demo", time: TIME, complete: true }]);
  }
});
