import { afterAll, beforeAll, expect, test } from "vitest";
import { createScheduleController } from "../../reconciler/schedule/controller.ts";
import { scheduleWorld } from "../../reconciler/world/for-schedule.ts";
import { createWorld, informersOf, type World } from "../../reconciler/world/informers.ts";
import { type BackupBatch, parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createLogger } from "../../shared/log.ts";
import { eventually, stays } from "../support/eventually.ts";
import { applyManifests } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "schedule-test";
let client: KubeClient;
let world: World;

beforeAll(async () => {
  client = createKubeClient({
    connection: await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath }),
    program: "tests",
  });
  await applyManifests(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
  world = createWorld({ client, namespace: NAMESPACE, onProblem: () => {}, onFail: () => {} });
  for (const [, informer] of informersOf(world)) informer.start();
  await Promise.all(informersOf(world).map(([, informer]) => informer.hasSynced()));
});

afterAll(async () => {
  await Promise.all(informersOf(world).map(([, informer]) => informer.stop()));
  await client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  client.close();
});

/** The machine's clock moved ahead, so that the next whole multiple of a period is two seconds away. */
function clockBefore(periodMs: number): Clock {
  const shiftMs = periodMs - 2_000 - (systemClock.now() % periodMs);
  return { ...systemClock, now: () => systemClock.now() + shiftMs };
}

function aBatch(name: string, spec: object = {}) {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name, namespace: NAMESPACE },
    spec: { schedule: "* * * * *", retentionPolicy: { name: "keep", prune: true }, members: [], ...spec },
  };
}

const readBatch = (name: string): Promise<BackupBatch> =>
  client.get(KINDS.BackupBatch, NAMESPACE, name, parseBackupBatch);

async function sessionsOf(name: string): Promise<readonly BackupSession[]> {
  const labelSelector = `stash.appscode.com/invoker-name=${name}`;
  return (await client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession, { labelSelector })).items;
}

function createController(clock: Clock) {
  return createScheduleController({
    world: scheduleWorld(world),
    client,
    clock,
    log: createLogger("test", "error"),
    startsSessions: true,
  });
}

test("a due batch gets its session, and its status tells of the next runs", async () => {
  const controller = createController(clockBefore(60_000));
  await applyManifests(client, [aBatch("minutely")]);
  await controller.start();
  await eventually(async () => (await readBatch("minutely")).status?.nextRuns?.length, 5, 10_000);
  await eventually(async () => (await sessionsOf("minutely")).length, 1, 15_000);
  const [session] = await sessionsOf("minutely");
  const dueMs = Date.parse(session?.spec.dueTime ?? "");
  expect(session?.metadata.name).toBe(`minutely-${dueMs / 1_000}`);
  const isTold = ({ status }: BackupBatch) =>
    status?.lastScheduleTime === session?.spec.dueTime && Date.parse(status?.nextRuns?.[0] ?? "") > dueMs;
  await eventually(() => readBatch("minutely"), isTold, 10_000);
  await controller.stop();
  expect(session?.metadata.ownerReferences).toMatchObject([
    { kind: "BackupBatch", name: "minutely", uid: (await readBatch("minutely")).metadata.uid, controller: true },
  ]);
});

test("two leaders at once, then a restart after an outage: each due time has at most one session", async () => {
  const clock = clockBefore(120_000);
  await applyManifests(client, [aBatch("contended", { schedule: "*/2 * * * *" })]);
  const both = [createController(clock), createController(clock)];
  for (const controller of both) await controller.start();
  await eventually(async () => (await readBatch("contended")).status?.nextRuns !== undefined, true, 10_000);
  await eventually(async () => (await sessionsOf("contended")).length > 0, true, 15_000);
  await eventually(async () => (await readBatch("contended")).status?.lastScheduleTime !== undefined, true, 10_000);
  for (const controller of both) await controller.stop();
  const before = await sessionsOf("contended");
  // Twenty minutes during which nobody leads.
  const after = createController({ ...systemClock, now: () => clock.now() + 20 * 60_000 });
  await after.start();
  await eventually(async () => (await sessionsOf("contended")).length > before.length, true, 15_000);
  await eventually(async () => ((await readBatch("contended")).status?.missedRuns ?? 0) >= 8, true, 10_000);
  await after.stop();
  const due = (await sessionsOf("contended")).map(({ spec }) => spec.dueTime);
  expect(new Set(due).size).toBe(due.length);
  expect(due.length).toBe(before.length + 1);
});

test("a restore of a target holds the due run until it has ended", async () => {
  const target = { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } };
  await applyManifests(client, [
    aBatch("held", { members: [{ target }] }),
    {
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreSession",
      metadata: { name: "back", namespace: NAMESPACE },
      spec: { target: { ...target, rules: [{ snapshots: ["latest"] }] } },
    },
  ]);
  // One that only waits is in nobody's way.
  const atWork = { phase: "Running", startTime: new Date().toISOString(), totalHosts: 1 };
  await client.patchStatus(KINDS.RestoreSession, NAMESPACE, "back", { kind: "merge", body: { status: atWork } }, asIs);
  await eventually(() => world.restoreSessions.get(NAMESPACE, "back")?.status?.startTime !== undefined, true, 10_000);
  const controller = createController(clockBefore(60_000));
  await controller.start();
  await eventually(async () => (await readBatch("held")).status?.nextRuns !== undefined, true, 10_000);
  await stays(() => sessionsOf("held"), [], 3_000);
  const body = { status: { phase: "Succeeded" } };
  await client.patchStatus(KINDS.RestoreSession, NAMESPACE, "back", { kind: "merge", body }, asIs);
  await eventually(async () => (await sessionsOf("held")).length, 1, 15_000);
  await controller.stop();
});
