import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { HookRunner } from "../../../../reconciler/hooks/runner.ts";
import { JobMaker } from "../../../../reconciler/jobs/maker.ts";
import { RESTORE_KIND } from "../../../../reconciler/restore/kind.ts";
import { createRunController } from "../../../../reconciler/run/controller.ts";
import { DEFAULT_LIMITS } from "../../../../reconciler/run/world.ts";
import type { World } from "../../../../reconciler/world/informers.ts";
import type { RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { Finalizer } from "../../../../shared/contract.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeApi } from "../fake-api.ts";
import { aRestore, KnownRestores } from "./known-restores.ts";

/** At work: its only host has its turn, and its host run is not there. */
const AT_WORK = {
  startTime: new Date().toISOString(),
  phase: "Running",
  conditions: [{ type: "RepositoryFound", status: "True", lastTransitionTime: "2024-04-30T08:00:00Z" }],
  members: [
    {
      alias: "web",
      ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" },
      phase: "Running",
      totalHosts: 1,
      stats: [{ hostname: "host-0", phase: "Running", pod: "web-0", podUID: "uid-pod", attempt: 1 }],
    },
  ],
};

function endingWorld(restore: RestoreBatch): World {
  const { world } = new KnownRestores(restore);
  const demo = { uid: "uid-demo", name: "demo", labels: {}, annotations: {}, isEnding: true } as const;
  const get = (_namespace: string | undefined, name: string) => (name === "demo" ? demo : undefined);
  return { ...world, namespaces: { ...world.namespaces, get } };
}

function aController(
  restore: RestoreBatch,
  api: FakeApi,
  { isEnding = false, change = {} }: { isEnding?: boolean; change?: Partial<FakeApi["client"]> } = {},
) {
  const log = pino({ level: "silent" });
  api.put("restorebatches", { ...restore });
  const nothing = () => Promise.reject(new Error("no hook was to run"));
  return createRunController(RESTORE_KIND, {
    world: isEnding ? endingWorld(restore) : new KnownRestores(restore).world,
    client: { ...api.client, patchStatus: api.client.patch, ...change },
    hooks: new HookRunner({
      exec: nothing,
      resolvePlace: nothing,
      explain: async (_place, error) => error,
      runGlobal: nothing,
      clock: systemClock,
      log,
    }),
    jobs: new JobMaker({
      client: api.client,
      settings: { image: "stash-batch:test", nativeSidecar: false, followsImage: false },
      log,
    }),
    events: { record: () => undefined },
    clock: systemClock,
    log,
    limits: DEFAULT_LIMITS,
  });
}

test("a run at work is given its host runs", async () => {
  const api = new FakeApi();
  const controller = aController(aRestore("back", {}, AT_WORK), api);
  await controller.start();
  await eventually(
    () => api.names("hostruns"),
    ({ length }) => length === 1,
    10_000,
  );
  await controller.stop();
});

test("a run that is being deleted is given none: what it owns goes with it, and so does the finalizer that upstream left", async () => {
  const api = new FakeApi();
  const deletionTimestamp = "2024-04-30T08:10:00Z";
  const finalizers = ["somebody.else/keeps", Finalizer.Invoker];
  const controller = aController(aRestore("back", { deletionTimestamp, finalizers }, AT_WORK), api);
  await controller.start();
  await eventually(
    () => api.writes.length,
    (count) => count > 0,
    10_000,
  );
  await controller.stop();
  expect(api.writes).toEqual(["merge restorebatches demo/back"]);
  expect(api.get("restorebatches", "demo", "back")).toMatchObject({
    metadata: { finalizers: ["somebody.else/keeps"] },
    status: AT_WORK,
  });
});

test("D18: a run that is deleted while it owes an after-hook is carried on, and let go at its end", async () => {
  const metadata = { deletionTimestamp: new Date().toISOString(), finalizers: [Finalizer.AfterHooks] };
  const open = new FakeApi();
  const atWork = aController(aRestore("back", metadata, AT_WORK), open);
  await atWork.start();
  await expect
    .poll(() => open.get("restorebatches", "demo", "back"))
    .toMatchObject({
      metadata,
      status: { members: [{ stats: [{ phase: "Failed", reason: "CANCELLED" }] }] },
    });
  await atWork.stop();
  const ended = new FakeApi();
  const recorded = { type: "MetricsPushed", status: "True", lastTransitionTime: "2024-04-30T08:00:00Z" };
  const status = { ...AT_WORK, phase: "Failed", conditions: [...AT_WORK.conditions, recorded] };
  const over = aController(aRestore("back", metadata, status), ended);
  await over.start();
  await expect.poll(() => ended.get("restorebatches", "demo", "back")).toMatchObject({ metadata: { finalizers: [] } });
  await over.stop();
});

describe("in a namespace that is being deleted", () => {
  const ending = (agoMs: number) => ({
    deletionTimestamp: new Date(Date.now() - agoMs).toISOString(),
    finalizers: ["somebody.else/keeps", Finalizer.AfterHooks],
  });
  const detail = "unable to create new content in namespace demo because it is being terminated";
  const forbidden = () => new KubeError({ action: "create hostruns", status: 403, reason: "Forbidden", detail });

  test("D18: a run that owes an after-hook is given up, and nothing is made for it", async () => {
    const api = new FakeApi();
    const create = () => Promise.reject(forbidden());
    const controller = aController(aRestore("back", ending(1_000), AT_WORK), api, {
      isEnding: true,
      change: { create },
    });
    await controller.start();
    await expect
      .poll(() => api.get("restorebatches", "demo", "back"))
      .toMatchObject({
        metadata: { finalizers: ["somebody.else/keeps", Finalizer.AfterHooks] },
        status: { members: [{ stats: [{ reason: "CANCELLED" }] }] },
      });
    await controller.stop();
  });

  const LET_GO = { metadata: { finalizers: ["somebody.else/keeps"] } };

  test("D18: it does not hold the namespace for longer than for a pod", async () => {
    const api = new FakeApi();
    const controller = aController(aRestore("back", ending(6 * 60_000), AT_WORK), api, { isEnding: true });
    await controller.start();
    await expect.poll(() => api.get("restorebatches", "demo", "back")).toMatchObject(LET_GO);
    await controller.stop();
  });

  test("D18: it goes at once where its status needs a record, which can't be made any more", async () => {
    const [member] = AT_WORK.members;
    const stats = Array.from({ length: 2_000 }, (_, at) => ({
      hostname: `host-${at}`,
      phase: "Running",
      pod: `web-${at}`,
      podUID: `uid-${at}`,
      attempt: 1,
      warnings: ["w".repeat(200)],
    }));
    const large = { ...AT_WORK, members: [{ ...member, totalHosts: stats.length, stats }] };
    const api = new FakeApi();
    const create = () => Promise.reject(forbidden());
    const controller = aController(aRestore("back", ending(1_000), large), api, { isEnding: true, change: { create } });
    await controller.start();
    await expect.poll(() => api.get("restorebatches", "demo", "back")).toMatchObject(LET_GO);
    await controller.stop();
  });
});
