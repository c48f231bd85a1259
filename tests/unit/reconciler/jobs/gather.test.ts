import { describe, expect, test } from "vitest";
import { gatherJob } from "../../../../reconciler/jobs/gather.ts";
import { gatherTarget } from "../../../../reconciler/jobs/gather-target.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { type BackupMemberView, backupInvokerView } from "../../../../shared/invoker/object.ts";
import { FakeApi } from "../fake-api.ts";

const BINDING = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };

function aMember(facts: { readonly ref?: object; readonly task?: object } = {}): BackupMemberView {
  const invoker = parseBackupConfiguration({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "nightly", namespace: "demo" },
    spec: {
      retentionPolicy: { name: "keep", prune: true },
      target: { ref: facts.ref ?? BINDING },
      ...(facts.task !== undefined && { task: facts.task }),
    },
  });
  const [member] = backupInvokerView(invoker).members;
  if (member === undefined) throw new Error("no member");
  return member;
}

/** A cluster with one AppBinding, and a Task whose second step has no Function. */
function aCluster(type = "kubedb.com/postgres"): FakeApi {
  const api = new FakeApi();
  api.put("appbindings", {
    apiVersion: BINDING.apiVersion,
    kind: "AppBinding",
    metadata: { name: "db", namespace: "demo" },
    spec: { type, clientConfig: { service: { scheme: "postgresql", name: "db", port: 5432 } } },
  });
  const stash = { apiVersion: "stash.appscode.com/v1beta1" };
  for (const name of ["half", "postgres-backup"]) {
    const steps = [{ name }, ...(name === "half" ? [{ name: "missing-function" }] : [])];
    api.put("tasks", { ...stash, kind: "Task", metadata: { name }, spec: { steps } });
    api.put("functions", { ...stash, kind: "Function", metadata: { name }, spec: { image: "x" } });
  }
  return api;
}

const gather = async (api: FakeApi, member: BackupMemberView) =>
  gatherJob(api.client, "demo", member, "backup", await gatherTarget(api.client, "demo", member));

describe("what is not there is named, with the next step:", () => {
  test.each([
    ["an AppBinding", aMember({ ref: { ...BINDING, name: "gone" } }), "AppBinding demo/gone does not exist"],
    [
      "a claim",
      aMember({ ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "gone" } }),
      "PersistentVolumeClaim demo/gone does not exist",
    ],
    ["a Task", aMember({ task: { name: "gone" } }), "Task gone does not exist"],
    [
      "a Task with a version",
      aMember({ task: { name: "mysql-backup-8.0.14-v3" } }),
      "Task mysql-backup-8.0.14-v3 or mysql-backup-8.0.14 or mysql-backup does not exist",
    ],
    ["a Function", aMember({ task: { name: "half" } }), "Function missing-function does not exist"],
  ])("%s", async (_what, member, message) => {
    await expect(gather(aCluster(), member)).rejects.toMatchObject({ code: "NOT_FOUND", message });
  });

  test("a Task's absence tells where the catalogue is", async () => {
    await expect(gather(aCluster(), aMember({ task: { name: "gone" } }))).rejects.toMatchObject({
      next: expect.stringContaining("manifests/catalog"),
    });
  });
});

test("an application of a type that the catalogue does not have needs a Task", async () => {
  await expect(gather(aCluster("kubedb.com/redis"), aMember())).rejects.toMatchObject({
    code: "TARGET_INVALID",
    next: "Set task.name, or parameters.stash.addon of the AppBinding.",
  });
});

test("a Task that nobody names is that of the application's type", async () => {
  const { task } = await gather(aCluster(), aMember());
  expect(task?.chosen.name).toBe("postgres-backup");
  expect(task?.functions.map(({ metadata }) => metadata.name)).toEqual(["postgres-backup"]);
});
