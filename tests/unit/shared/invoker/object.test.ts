import { expect, test } from "vitest";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import type { RestoreSession } from "../../../../shared/api/restore-session.ts";
import { labelledMember, parseVolumeMount } from "../../../../shared/invoker/labelled-member.ts";
import { backupInvokerView, findMember, restoreInvokerView } from "../../../../shared/invoker/object.ts";

const metadata = {
  name: "nightly",
  namespace: "demo",
  uid: "u1",
  generation: 3,
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const web = { apiVersion: "apps/v1", kind: "Deployment", name: "web" } as const;

const batch: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata,
  spec: {
    schedule: "*/5 * * * *",
    repository: { name: "repo" },
    retentionPolicy: { name: "keep-5", keepLast: 5, prune: true },
    members: [
      { target: { alias: "app", ref: web } },
      {
        target: { alias: "db", ref: { kind: "AppBinding", name: "db" } },
        task: { name: "mysql-backup-8.0.21" },
        dependsOn: ["app"],
      },
    ],
  },
};

test("a batch gets upstream's defaults", () => {
  const view = backupInvokerView(batch);
  expect(view).toMatchObject({
    driver: "Restic",
    executionOrder: "Parallel",
    failurePolicy: "Continue",
    historyLimit: 1,
    isPaused: false,
    jitterMs: 0,
    repository: { name: "repo", namespace: "demo" },
    createdAtMs: Date.parse("2026-01-01T00:00:00Z"),
  });
  expect(view.timeOutMs).toBeUndefined();
  expect(view.members.map((member) => [member.index, member.isSidecarModel, member.dependsOn])).toEqual([
    [0, true, []],
    [1, false, ["app"]],
  ]);
});

test("a BackupConfiguration is a batch of one member, in sequence, and its hooks are the member's", () => {
  const configuration: BackupConfiguration = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata,
    spec: {
      target: { ref: web, paths: ["/data"] },
      hooks: { preBackup: { exec: { command: ["true"] } } },
      retentionPolicy: { name: "keep-5", prune: false },
      retryConfig: { delay: "30s" },
      timeOut: "1h",
    },
  };
  const view = backupInvokerView(configuration);
  expect(view.members).toHaveLength(1);
  expect(view.hooks).toBeUndefined();
  expect(view.members[0]?.hooks?.preBackup?.exec?.command).toEqual(["true"]);
  expect(view).toMatchObject({
    executionOrder: "Sequential",
    retry: { maxRetry: 1, delayMs: 30_000 },
    timeOutMs: 3_600_000,
  });
});

test("rules at the deprecated place of a RestoreSession count when the target has none", () => {
  const restore: RestoreSession = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata,
    spec: { target: { ref: web }, rules: [{ paths: ["/data"] }] },
  };
  expect(restoreInvokerView(restore).members[0]?.target.rules).toEqual([{ paths: ["/data"] }]);
});

test("a member is found by its target, whatever API version either names", () => {
  const { members } = backupInvokerView(batch);
  expect(findMember(members, { kind: "Deployment", namespace: "demo", name: "web" })?.alias).toBe("app");
  expect(findMember(members, { kind: "Deployment", namespace: "other", name: "web" })).toBeUndefined();
});

test("a labelled workload's annotations make its member", () => {
  const workload = {
    ...web,
    namespace: "demo",
    annotations: {
      "stash.appscode.com/volume-mounts": "data:/var/data, logs:/var/log:app",
      "stash.appscode.com/exclude": "*.tmp,cache",
    },
  };
  expect(labelledMember(workload).target).toEqual({
    alias: "web",
    ref: { ...web, namespace: "demo" },
    paths: ["/var/data", "/var/log"],
    volumeMounts: [
      { name: "data", mountPath: "/var/data" },
      { name: "logs", mountPath: "/var/log", subPath: "app" },
    ],
    exclude: ["*.tmp", "cache"],
  });
});

test.each(["data", "data:", ":/x", "a:/b:c:d", "a:/b:"])("the volume mount %j can't be read", (text) => {
  expect(() => parseVolumeMount(text)).toThrow(/volume-mounts/);
});
