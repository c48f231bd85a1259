/** Sessions under an API server that refuses, fails, is away or is asked by two reconcilers that both believe to lead. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { eventually } from "../support/eventually.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { type PlaneWithoutNodes, startPlaneWithoutNodes } from "../support/plane-without-nodes.ts";
import { listSessions, startSession, untilSession } from "../support/session/batch-without-nodes.ts";
import type { ReconcilerProcess } from "../support/session/reconciler-process.ts";
import { type SessionStand, startSessionStand } from "../support/session/session-stand.ts";

const END_MS = 60_000;

let plane: PlaneWithoutNodes;
let stand: SessionStand;
let reconcilers: ReconcilerProcess[] = [];

beforeAll(async () => {
  plane = await startPlaneWithoutNodes();
  const spec = "  backupHistoryLimit: 40\n  retryConfig: { maxRetry: 1, delay: 4s }\n";
  stand = await startSessionStand({ ...plane, namespace: "session-faults", spec });
}, 120_000);

afterEach(async () => {
  stand.proxy.meddle = () => undefined;
  for (const reconciler of reconcilers) reconciler.kill();
  await Promise.all(reconcilers.map(({ ended }) => ended));
  reconcilers = [];
});

afterAll(async () => {
  await stand?.stop();
  await plane?.stop();
});

/** Starts one that leads: what began before that is another's who is gone, as far as it can know. */
async function lead(): Promise<void> {
  const reconciler = await stand.startReconciler("--leader-elect=false");
  reconcilers.push(reconciler);
  await untilLeading([reconciler], END_MS);
}

function callsOf(name: string): readonly string[] {
  return stand.hooks.calls.filter((call) => call.endsWith(` ${name}`));
}

function statusBody(code: number, reason: string): string {
  return JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: "made up" });
}

test("L17: a second try whose name is taken by a scheduled session gets another, and is made once", async () => {
  const { client, namespace } = stand;
  await lead();
  stand.agents.fate = ({ spec: { retryOf } }, { hostname }) =>
    hostname === "web" && retryOf === undefined ? { reason: "BACKEND_UNREACHABLE", error: "no route" } : undefined;
  await startSession(client, namespace, "twin", 1);
  const { status } = await untilSession(client, namespace, "twin", END_MS);
  const dueSecond = Date.parse(status?.nextRetry ?? "") / 1_000;
  await startSession(client, namespace, `nightly-${dueSecond}`);
  await untilSession(client, namespace, "twin", END_MS, (session) => session.status?.retried === true);
  const retries = (await listSessions(client, namespace)).filter(({ spec }) => spec.retryOf === "twin");
  expect(retries.map(({ metadata }) => metadata.name)).toEqual([`nightly-${dueSecond + 1}`]);
  stand.agents.fate = () => undefined;
  for (const { metadata } of retries) await untilSession(client, namespace, metadata.name, END_MS);
});

test("two reconcilers that both believe to lead run each hook once and double nothing", async () => {
  await Promise.all([lead(), lead()]);
  for (const name of ["both-1", "both-2", "both-3"]) {
    await startSession(stand.client, stand.namespace, name);
    const { status } = await untilSession(stand.client, stand.namespace, name, END_MS);
    expect(status?.phase, JSON.stringify(status, null, 1)).toBe("Succeeded");
    expect(callsOf(name)).toEqual([`/before ${name}`, `/after ${name}`]);
    expect(status?.targets?.map(({ stats }) => stats?.map(({ hostname }) => hostname))).toEqual([
      ["db-0", "db-1"],
      ["web"],
    ]);
    expect(status?.hooks?.map(({ type }) => type)).toEqual(["preBackup", "postBackup"]);
  }
});

test.each([
  [409, "Conflict"],
  [429, "TooManyRequests"],
  [500, "InternalError"],
])("L13: a session goes on under an API server that answers every second write with %i", async (code, reason) => {
  let writes = 0;
  stand.proxy.meddle = ({ method, path }) => {
    if (method === "GET" || !path.includes("/backupsessions")) return undefined;
    writes += 1;
    return writes % 2 === 1 ? { kind: "answer", status: code, body: statusBody(code, reason) } : undefined;
  };
  await lead();
  const name = `refused-${code}`;
  await startSession(stand.client, stand.namespace, name);
  const { status } = await untilSession(stand.client, stand.namespace, name, END_MS);
  expect(status?.phase).toBe("Succeeded");
  expect(callsOf(name)).toEqual([`/before ${name}`, `/after ${name}`]);
  expect(writes).toBeGreaterThan(4);
});

test("a session that an outage of the API server interrupts goes on where it was", async () => {
  await lead();
  let isAway = false;
  stand.proxy.meddle = () => (isAway ? { kind: "answer", status: 503, body: "away" } : undefined);
  // The host ends while nobody can hear of it.
  stand.agents.fate = ({ metadata }, { hostname }) => {
    if (metadata.name === "outage" && hostname === "db-0") isAway = true;
    return undefined;
  };
  await startSession(stand.client, stand.namespace, "outage");
  await untilSession(stand.client, stand.namespace, "outage", END_MS, () => isAway);
  await sleep(3_000);
  isAway = false;
  stand.agents.fate = () => undefined;
  const { status } = await untilSession(stand.client, stand.namespace, "outage", END_MS);
  expect(status?.phase).toBe("Succeeded");
  expect(callsOf("outage")).toEqual(["/before outage", "/after outage"]);
});

test("E1: a session whose texts hold <, > and & goes on to its end", async () => {
  const { client, namespace } = stand;
  await lead();
  const words = 'a < b > c & d \u2028 \\ " end';
  stand.agents.fate = ({ metadata }) =>
    metadata.name === "odd-words" ? { reason: "HOOK_FAILED", error: words, warnings: [words] } : undefined;
  await startSession(client, namespace, "odd-words");
  const { status } = await untilSession(client, namespace, "odd-words", END_MS);
  stand.agents.fate = () => undefined;
  expect(status?.phase).toBe("Failed");
  expect(status?.targets?.[0]?.stats?.[0]).toMatchObject({ error: words, warnings: [words] });
  expect(callsOf("odd-words")).toEqual(["/before odd-words", "/after odd-words"]);
});

test("E1: a status that the API server refuses ends the session with its words", async () => {
  const { client, namespace } = stand;
  await lead();
  let refusals = 0;
  stand.proxy.meddle = ({ method, path }) => {
    if (method !== "PATCH" || !path.includes("/backupsessions/refused/status") || refusals >= 2) return undefined;
    refusals += 1;
    return { kind: "answer", status: 422, body: statusBody(422, "Invalid") };
  };
  await startSession(client, namespace, "refused");
  const { status } = await untilSession(client, namespace, "refused", END_MS);
  expect(status?.phase).toBe("Failed");
  expect(status?.conditions).toMatchObject([
    { type: "MetricsPushed", status: "False" },
    { type: "Ready", status: "False" },
    { type: "Reconciling", status: "False" },
    { type: "Stalled", status: "True" },
  ]);
  expect(status?.conditions?.[0]?.message).toContain("made up");
  expect(refusals).toBe(2);
  await startSession(client, namespace, "after-refused");
  expect((await untilSession(client, namespace, "after-refused", END_MS)).status?.phase).toBe("Succeeded");
});

test("E14: many invokers at once, and a namespace that goes with its own, leave no warning", async () => {
  const { client, namespace } = stand;
  await lead();
  const ending = `${namespace}-ending`;
  await client.create(KUBERNETES.Namespace, undefined, { metadata: { name: ending } }, asIs);
  const build = (place: string, index: number) => ({
    apiVersion: KINDS.BackupConfiguration.apiVersion,
    kind: "BackupConfiguration",
    metadata: { name: `many-${index}`, namespace: place },
    spec: {
      schedule: "0 0 1 1 *",
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 1, prune: true },
      target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, paths: ["/data"] },
    },
  });
  const places = [namespace, ending].flatMap((place) => Array.from({ length: 30 }, (_, index) => build(place, index)));
  await Promise.all(
    places.map((body) => client.create(KINDS.BackupConfiguration, body.metadata.namespace, body, asIs)),
  );
  const phases = async () => {
    const { items } = await client.list(KINDS.BackupConfiguration, namespace, (raw) => textAt(raw, "status", "phase"));
    return items.filter((phase) => phase !== undefined).length;
  };
  await client.delete(KUBERNETES.Namespace, undefined, ending);
  await eventually(phases, 30, END_MS);
  await eventually(() => client.find(KUBERNETES.Namespace, undefined, ending, asIs), undefined, END_MS);
  const warnings = reconcilers
    .flatMap((reconciler) => reconciler.log().split("\n"))
    .filter((line) => {
      return line.includes('"level":40') && line.includes("many-");
    });
  expect(warnings).toEqual([]);
  for (const { metadata } of places.slice(0, 30)) {
    await client.delete(KINDS.BackupConfiguration, namespace, metadata.name);
  }
});

test("L14: a session of an invoker that does not exist is skipped with that reason", async () => {
  await lead();
  const { client, namespace } = stand;
  await startSession(client, namespace, "orphan", 0, "nobody");
  const { status } = await untilSession(client, namespace, "orphan", END_MS);
  expect(status?.phase).toBe("Skipped");
  expect(status?.conditions?.[0]?.message).toMatch(
    /^InvokerNotFound: .*BackupBatch session-faults\/nobody does not exist/,
  );
});

test("a second session of the same invoker is skipped while the first runs", async () => {
  await lead();
  let isHeld = true;
  const { client, namespace } = stand;
  stand.agents.fate = ({ metadata }) => (metadata.name === "first" && isHeld ? "silent" : undefined);
  await startSession(client, namespace, "first");
  await untilSession(client, namespace, "first", END_MS, ({ status }) => status?.phase === "Running");
  await startSession(client, namespace, "second");
  const { status } = await untilSession(client, namespace, "second", END_MS);
  expect(status?.phase).toBe("Skipped");
  expect(status?.conditions?.[0]?.message).toMatch(/^PreviousSessionRunning: /);
  isHeld = false;
  stand.agents.look();
  expect((await untilSession(client, namespace, "first", END_MS)).status?.phase).toBe("Succeeded");
});

async function untilLeading(candidates: readonly ReconcilerProcess[], timeoutMs: number): Promise<ReconcilerProcess> {
  const leads = (log: string) => log.includes('"msg":"leading"');
  const logs = await eventually(
    () => candidates.map(({ log }) => log()),
    (all) => all.some(leads),
    timeoutMs,
  );
  const leader = candidates[logs.findIndex(leads)];
  if (leader === undefined) throw new Error("nobody leads");
  return leader;
}

test("a session goes on under the next leader, at once after a stop and after the lease ran out otherwise", async () => {
  const { client, namespace } = stand;
  const flags = [`--lease-namespace=${namespace}`];
  reconcilers = await Promise.all([1, 2, 3].map(() => stand.startReconciler(...flags)));
  let isHeld = true;
  stand.agents.fate = ({ metadata }) => (metadata.name === "inherited" && isHeld ? "silent" : undefined);
  const first = await untilLeading(reconcilers, 30_000);
  await startSession(client, namespace, "inherited");
  await untilSession(client, namespace, "inherited", END_MS, ({ status }) => status?.phase === "Running");

  first.kill("SIGTERM");
  await first.ended;
  const others = reconcilers.filter((reconciler) => reconciler !== first);
  const second = await untilLeading(others, 12_000);

  second.kill("SIGKILL");
  await second.ended;
  const third = await untilLeading(
    others.filter((reconciler) => reconciler !== second),
    60_000,
  );
  isHeld = false;
  stand.agents.look();
  const { status } = await untilSession(client, namespace, "inherited", END_MS);
  expect(status?.phase).toBe("Succeeded");
  expect(callsOf("inherited")).toEqual(["/before inherited", "/after inherited"]);
  // The process writes its log after the status.
  await eventually(third.log, (text) => text.includes('"session phase changed"'), 5_000);
});

test("under definitions that forget hooks nothing begins, and each hook runs once when they are back", async () => {
  const { client, namespace } = stand;
  const name = "backupsessions.stash.appscode.com";
  const path = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/targets/items/properties/hooks";
  const change = (operation: { readonly op: "remove" } | { readonly op: "add"; readonly value: unknown }) =>
    client.patch(
      KUBERNETES.CustomResourceDefinition,
      undefined,
      name,
      { kind: "json", operations: [{ ...operation, path }] },
      asIs,
    );
  const definition = await client.get(KUBERNETES.CustomResourceDefinition, undefined, name, asIs);
  const [version] = objectsAt(definition, "spec", "versions");
  const schema = valueAt(version, "schema", "openAPIV3Schema", "properties", "status", "properties", "targets");
  await lead();
  const batch = () => client.get(KINDS.BackupBatch, namespace, "nightly", parseBackupBatch);
  await eventually(batch, ({ status }) => status?.phase === "Ready", END_MS);
  for (const one of reconcilers) one.kill();
  await change({ op: "remove" });
  await startSession(client, namespace, "held");
  const reconciler = await stand.startUnready("definition not of this version", "--leader-elect=false");
  reconcilers.push(reconciler);
  expect(reconciler.log()).toContain("kubectl apply --server-side -k manifests/crds");
  expect(reconciler.log()).not.toContain('"msg":"leading"');
  const [held] = (await listSessions(client, namespace)).filter(({ metadata }) => metadata.name === "held");
  expect(held?.status?.phase).toBeUndefined();
  expect(callsOf("held")).toEqual([]);
  await change({ op: "add", value: valueAt(schema, "items", "properties", "hooks") });
  const { status } = await untilSession(client, namespace, "held", END_MS);
  expect(status?.phase, JSON.stringify(status, null, 1)).toBe("Succeeded");
  expect(callsOf("held")).toEqual(["/before held", "/after held"]);
});
