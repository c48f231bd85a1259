import { pino } from "pino";
import { expect, test } from "vitest";
import { HookRunner } from "../../../../reconciler/hooks/runner.ts";
import { JobMaker } from "../../../../reconciler/jobs/maker.ts";
import { RESTORE_KIND } from "../../../../reconciler/restore/kind.ts";
import { createRunController } from "../../../../reconciler/run/controller.ts";
import { DEFAULT_LIMITS } from "../../../../reconciler/run/world.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeApi } from "../fake-api.ts";
import { functions, IMAGE, PVC_REF, repository, tasks } from "../jobs/builders.ts";
import { KnownRestores } from "./known-restores.ts";

const lastTransitionTime = new Date().toISOString();
const RESTORE = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "RestoreBatch",
  metadata: { name: "back", namespace: "demo", uid: "uid-back", resourceVersion: "1" },
  spec: { repository: { name: "repo" }, members: [{ target: { alias: "files", ref: PVC_REF } }] },
  status: {
    startTime: lastTransitionTime,
    phase: "Pending",
    conditions: [{ type: "RepositoryFound", status: "True", lastTransitionTime }],
    members: [{ alias: "files", ref: { ...PVC_REF, namespace: "demo" }, phase: "Pending" }],
  },
};

function aController(api: FakeApi, known: KnownRestores) {
  const log = pino({ level: "silent" });
  const nothing = () => Promise.reject(new Error("no hook was to run"));
  const settings = { image: IMAGE, nativeSidecar: false, followsImage: false };
  const { world } = known;
  return createRunController(RESTORE_KIND, {
    world: { ...world, repositories: { ...world.repositories, get: () => repository } },
    client: { ...api.client, patchStatus: api.client.patch },
    hooks: new HookRunner({
      exec: nothing,
      resolvePlace: nothing,
      explain: nothing,
      runGlobal: nothing,
      clock: systemClock,
      log,
    }),
    jobs: new JobMaker({ client: api.client, settings, log }),
    events: { record: () => undefined },
    clock: systemClock,
    log,
    limits: DEFAULT_LIMITS,
  });
}

test("E6: a restore into a claim that is not there waits, and its job is made when it is", async () => {
  const api = new FakeApi();
  for (const task of tasks) api.put("tasks", { ...task });
  for (const one of functions) api.put("functions", { ...one });
  api.put("restorebatches", RESTORE);
  const known = new KnownRestores(parseRestoreBatch(RESTORE));
  const controller = aController(api, known);
  const newest = () => api.get("restorebatches", "demo", "back");
  await controller.start();
  const waiting = {
    status: {
      phase: "Pending",
      members: [
        {
          phase: "Pending",
          reason: "TargetNotAvailable",
          message: "PersistentVolumeClaim demo/files does not exist",
          conditions: [{ type: "RestoreTargetFound", status: "False" }],
        },
      ],
    },
  };
  await expect.poll(newest, { timeout: 5_000 }).toMatchObject(waiting);
  expect(api.names("jobs")).toEqual([]);
  const metadata = { name: "files", namespace: "demo" };
  api.put("persistentvolumeclaims", { metadata, spec: { accessModes: ["ReadWriteOnce"] } });
  known.change(parseRestoreBatch(newest()));
  await eventually(() => api.names("jobs"), ["demo/stash-restore-back-0"], 5_000);
  await controller.stop();
});
