import { afterEach, expect, test } from "vitest";
import { type AnnotatedTarget, readAnnotatedTarget } from "../../../../reconciler/blueprint/annotated-target.ts";
import { createBlueprintController } from "../../../../reconciler/blueprint/controller.ts";
import type { WorkloadObject } from "../../../../reconciler/world/workload-object.ts";
import { type BackupBlueprint, parseBackupBlueprint } from "../../../../shared/api/backup-blueprint.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseRepository, type Repository } from "../../../../shared/api/repository.ts";
import type { NamespaceFacts } from "../../../../shared/injection/view.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { createLogger } from "../../../../shared/log.ts";
import { ManualClock } from "../../../support/kube/manual-clock.ts";
import { FakeApi } from "../fake-api.ts";
import { SeenObjects } from "./seen-objects.ts";

const NAME = "pvc-files";

function aClaim(annotations: Readonly<Record<string, string>>): AnnotatedTarget {
  const raw = { metadata: { name: "files", namespace: "demo", uid: "uid-files", annotations } };
  const claim = readAnnotatedTarget("PersistentVolumeClaim", raw);
  if (claim === undefined) throw new Error("the claim names no blueprint");
  return claim;
}

function aBlueprint(schedule: string): BackupBlueprint {
  return parseBackupBlueprint({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBlueprint",
    metadata: { name: "daily" },
    spec: { backend: { storageSecretName: "s" }, schedule, retentionPolicy: { name: "k", keepLast: 1, prune: true } },
  });
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A claim that names the blueprint `daily`, and the controller that is to serve it. */
async function aStage(api = new FakeApi()) {
  const world = {
    workloads: {
      Deployment: new SeenObjects<WorkloadObject>(),
      StatefulSet: new SeenObjects<WorkloadObject>(),
      DaemonSet: new SeenObjects<WorkloadObject>(),
    },
    annotated: {
      PersistentVolumeClaim: new SeenObjects<AnnotatedTarget>(),
      AppBinding: new SeenObjects<AnnotatedTarget>(),
    },
    blueprints: new SeenObjects<BackupBlueprint>(),
    namespaces: new SeenObjects<NamespaceFacts>(),
    configurations: new SeenObjects<BackupConfiguration>(),
    repositories: new SeenObjects<Repository>(),
  };
  const events: string[] = [];
  const clock = new ManualClock();
  const refuseUpdate = async (): Promise<never> => {
    throw new KubeError({ action: "update", status: 403, reason: "Forbidden", detail: "no right" });
  };
  const controller = createBlueprintController({
    world,
    client: { ...api.client, update: refuseUpdate },
    events: { record: (_subject, type, reason, message) => events.push(`${type} ${reason}: ${message}`) },
    clock,
    log: createLogger("reconciler", "error"),
  });
  world.blueprints.show("daily", aBlueprint("0 3 * * *"));
  world.annotated.PersistentVolumeClaim.show("files", aClaim({ "stash.appscode.com/backup-blueprint": "daily" }));
  await controller.start();
  stops.push(async () => {
    const stopped = controller.stop();
    await clock.advance(10_000);
    await stopped;
  });
  await clock.advance(0);
  /** The informers show what the API server has. */
  const catchUp = async () => {
    const repository = api.get("repositories", "demo", NAME);
    if (repository !== undefined) world.repositories.show(NAME, parseRepository(repository));
    const configuration = api.get("backupconfigurations", "demo", NAME);
    if (configuration !== undefined) world.configurations.show(NAME, parseBackupConfiguration(configuration));
    await clock.advance(0);
  };
  return { api, world, events, clock, catchUp };
}

const theirs = () => ({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: NAME, namespace: "demo" },
  spec: { backend: { storageSecretName: "theirs" } },
});

test("both objects are made once, though the informers show them late, and the target is told", async () => {
  const { api, events, clock, catchUp } = await aStage();
  const made = ["create repositories demo/pvc-files", "create backupconfigurations demo/pvc-files"];
  expect(api.writes).toEqual(made);
  await catchUp();
  await clock.advance(60_000);
  expect(api.writes).toEqual(made);
  expect(events).toEqual([
    "Normal Auto Backup Resources Creation Succeeded: Repository demo/pvc-files of BackupBlueprint daily made; BackupConfiguration demo/pvc-files of BackupBlueprint daily made",
  ]);
});

test("an object in the way is told once, and what is wanted is made as soon as it is gone", async () => {
  const api = new FakeApi();
  api.put("repositories", theirs());
  const { world, events, clock } = await aStage(api);
  world.repositories.show(NAME, parseRepository(theirs()));
  await clock.advance(120_000);
  expect(api.writes).toEqual([]);
  expect(events).toHaveLength(1);
  expect(events[0]).toContain("Repository demo/pvc-files was made by others");
  await api.client.delete({ group: "", version: "", plural: "repositories", namespaced: true }, "demo", NAME);
  world.repositories.remove(NAME);
  await clock.advance(0);
  expect(api.writes.slice(1)).toEqual([
    "create repositories demo/pvc-files",
    "create backupconfigurations demo/pvc-files",
  ]);
});

test("an object that is there but is never shown is told after a while, and asked for ever less often", async () => {
  const api = new FakeApi();
  api.put("repositories", theirs());
  const { events, clock } = await aStage(api);
  expect(events).toEqual([]);
  await clock.advance(60_000);
  expect(events.filter((event) => event.includes("what is there can't be read from here"))).toHaveLength(1);
});

test("without the annotation the BackupConfiguration goes, and the target is told nothing more", async () => {
  const { api, world, catchUp, clock } = await aStage();
  await catchUp();
  world.annotated.PersistentVolumeClaim.remove("files");
  await clock.advance(0);
  expect(api.names("backupconfigurations")).toEqual([]);
  expect(api.names("repositories")).toEqual(["demo/pvc-files"]);
});

test("a write that the API server refuses is told, and tried again", async () => {
  const { world, events, catchUp, clock } = await aStage();
  await catchUp();
  world.blueprints.show("daily", aBlueprint("0 4 * * *"));
  await clock.advance(120_000);
  const refusals = events.filter((event) => event.startsWith("Warning Auto Backup Resources Creation Failed"));
  expect(refusals).toHaveLength(1);
  expect(refusals[0]).toContain("no right");
});

test("S8: of as many names as an annotation holds the first count, and the target is told", async () => {
  const { api, world, events, clock } = await aStage();
  const names = Array.from({ length: 40_000 }, (_, at) => at.toString(36));
  const many = ["daily", ...names].join(",");
  world.annotated.PersistentVolumeClaim.show("files", aClaim({ "stash.appscode.com/backup-blueprint": many }));
  await clock.advance(0);
  expect(api.writes).toContain("create backupconfigurations demo/pvc-files");
  const told = events.filter((event) => event.includes("names 40001 blueprints, of which the first 16 count"));
  expect(told).toHaveLength(1);
  expect(told[0]?.split("does not exist")).toHaveLength(16);
});
