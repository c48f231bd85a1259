import { describe, expect, test } from "vitest";
import { sessionOrders } from "../../../../reconciler/backup-session/host-runs.ts";
import { hasCommand, jobHandler } from "../../../../reconciler/jobs/hooks.ts";
import { restoreOrders } from "../../../../reconciler/restore/host-runs.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseFunction } from "../../../../shared/api/function.ts";
import type { Handler } from "../../../../shared/api/hooks.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { parseTask } from "../../../../shared/api/task.ts";
import { listAt, textAt, valueAt } from "../../../../shared/json/value.ts";
import { RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";
import {
  aBackup,
  appBinding,
  aRestore,
  containersOf,
  DB_REF,
  PVC_REF,
  planOf,
  resolved,
  withSteps,
} from "./builders.ts";

const WEB_REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const command = (containerName?: string): Handler => ({
  exec: { command: ["touch", "/stash-data/pre-hook.txt"] },
  ...(containerName !== undefined && { containerName }),
});

describe("E4: a command of a hook", () => {
  const backup = (ref: object) => aBackup({ target: { ref } }).member;
  const restore = (ref: object) => aRestore({ target: { ref } }).member;

  test.each([
    ["a claim's backup", backup(PVC_REF), "pre-task-hook", "stash"],
    ["a claim's backup", backup(PVC_REF), "post-task-hook", "stash"],
    ["a claim's restore", restore(PVC_REF), "pre-task-hook", "stash"],
    ["a claim's restore", restore(PVC_REF), "post-task-hook", "stash"],
    ["an application's backup", backup(DB_REF), "pre-task-hook", "stash"],
    ["an application's restore", restore(DB_REF), "post-task-hook", "stash"],
    ["a claim's restore", restore(PVC_REF), undefined, "stash"],
    ["a claim's backup, which stays for it", backup(PVC_REF), undefined, undefined],
    ["an application's restore", restore(DB_REF), undefined, undefined],
    ["a claim's backup", backup(PVC_REF), "other", "other"],
    ["an application's backup", backup(DB_REF), "server", "server"],
    ["a workload's backup, which has no job", backup(WEB_REF), "pre-task-hook", "pre-task-hook"],
    ["a workload's restore, which has no job", restore(WEB_REF), undefined, undefined],
  ])("of %s for %s %s runs in %s", (_what, member, named, expected) => {
    expect(jobHandler(member, command(named))?.containerName).toBe(expected);
  });

  test("is all that is told apart: HTTP and TCP stay as they are", () => {
    const handler = { httpGet: { port: 80 }, containerName: "pre-task-hook" };
    expect(jobHandler(backup(PVC_REF), handler)).toBe(handler);
    expect(hasCommand(aBackup({ target: { ref: PVC_REF }, hooks: { preBackup: handler } }).member)).toBe(false);
  });
});

const stash = { apiVersion: "stash.appscode.com/v1beta1" };

describe("E4: the job's own step is given what upstream's hook containers run", () => {
  test("of a backup, and the reconciler sends nothing", () => {
    const hooks = { preBackup: command("pre-task-hook"), postBackup: command("post-task-hook") };
    const simulation = new SessionSimulation({
      batch: parseBackupBatch({
        ...stash,
        kind: "BackupBatch",
        metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
        spec: {
          repository: { name: "store" },
          retentionPolicy: { name: "keep", keepLast: 5, prune: true },
          members: [{ target: { ref: PVC_REF }, task: { name: "pvc-backup" }, hooks }],
        },
      }),
      workloads: [],
    });
    simulation.settle();
    const [order] = sessionOrders(simulation.view(), simulation.status, new Map());
    const inOwn = { exec: hooks.preBackup.exec, containerName: "stash" };
    expect(order?.spec.hooks).toMatchObject({ before: inOwn, after: inOwn });
    expect(simulation.startedHooks).toEqual([]);
  });

  test("of a restore, also where no container is named", () => {
    const hooks = { preRestore: command("pre-task-hook"), postRestore: command() };
    const metadata = { name: "back", namespace: "demo", uid: "uid", creationTimestamp: "2024-04-30T08:00:00Z" };
    const spec = { repository: { name: "store" }, members: [{ target: { ref: PVC_REF }, hooks }] };
    const simulation = new RestoreSimulation(parseRestoreBatch({ ...stash, kind: "RestoreBatch", metadata, spec }), []);
    simulation.settle();
    for (const pod of simulation.pods.list()) Object.assign(pod, { isWaiting: true, isOfRestore: true });
    simulation.settle();
    const [order] = restoreOrders(simulation.view(), simulation.status, new Map());
    const inOwn = { exec: hooks.preRestore.exec, containerName: "stash" };
    expect(order?.spec.hooks).toMatchObject({ before: inOwn, after: inOwn });
    expect(simulation.startedHooks).toEqual([]);
  });
});

describe("E4: what a hook's command finds in its job", () => {
  const claim = (...accessModes: readonly string[]) => ({
    task: resolved("pvc-backup"),
    claim: { name: "files", accessModes },
  });
  const isReadOnly = (spec: object, modes: readonly string[] = ["ReadWriteOnce"]) => {
    const [container] = containersOf(planOf(aBackup({ target: { ref: PVC_REF }, ...spec }, claim(...modes))));
    const mount = listAt(container, "volumeMounts").find((one) => textAt(one, "mountPath") === "/stash-data");
    return valueAt(mount, "readOnly");
  };
  const hooks = { preBackup: command("pre-task-hook") };

  test("is a claim that can be written, as upstream mounts it; without one a backup only reads", () => {
    expect(isReadOnly({})).toBe(true);
    expect(isReadOnly({ hooks: { preBackup: { httpGet: { port: 80 } } } })).toBe(true);
    expect(isReadOnly({ hooks })).toBe(false);
    expect(isReadOnly({ hooks: { postBackup: command() } })).toBe(false);
  });

  test("unless it can't be, or the member says otherwise", () => {
    expect(isReadOnly({ hooks }, ["ReadOnlyMany"])).toBe(true);
    const volumeMounts = [{ name: "files", mountPath: "/stash-data", readOnly: true }];
    expect(isReadOnly({ hooks, target: { ref: PVC_REF, volumeMounts } })).toBe(true);
  });

  test("is what another's program has mounted", () => {
    const mounts = [{ name: "extra", mountPath: "/extra" }];
    const addon = parseFunction({
      ...stash,
      kind: "Function",
      metadata: { name: "mine" },
      spec: { image: "registry.example.org/addon:1", volumeMounts: mounts },
    });
    const task = parseTask({ ...stash, kind: "Task", metadata: { name: "mine" }, spec: { steps: [{ name: "mine" }] } });
    const gate = (spec: object) =>
      containersOf(
        planOf(aBackup({ target: { ref: DB_REF }, ...spec }, { appBinding, task: withSteps(task, {}, [addon]) })),
      )[0];
    expect(textAt(gate({ hooks }), "name")).toBe("pre-task-hook");
    expect(listAt(gate({ hooks }), "volumeMounts")).toContainEqual(mounts[0]);
    expect(listAt(gate({}), "volumeMounts")).not.toContainEqual(mounts[0]);
  });
});
