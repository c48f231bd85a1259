import { describe, expect, test } from "vitest";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import {
  backupSessionLabels,
  backupSessionNames,
  buildBackupSession,
} from "../../../../shared/invoker/build-backup-session.ts";
import { backupInvokerView } from "../../../../shared/invoker/object.ts";
import { labelValue } from "../../../../shared/label-value.ts";
import { targetLabelKey } from "../../../../shared/target/ref.ts";

function anInvoker(facts: { readonly name?: string; readonly labels?: object; readonly target?: object } = {}) {
  const { name = "nightly", labels = {}, target } = facts;
  return backupInvokerView(
    parseBackupConfiguration({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      metadata: { name, namespace: "demo", uid: "uid-1", labels },
      spec: { schedule: "@daily", retentionPolicy: { name: "keep", prune: true }, ...(target && { target }) },
    }),
  );
}

const web = { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } };

describe("a BackupSession", () => {
  test("is readable, and the invoker is its owner", () => {
    const session = buildBackupSession({ invoker: anInvoker({ target: web }), name: "nightly-1", trigger: "Instant" });
    expect(parseBackupSession(session)).toEqual(session);
    expect(session.metadata.ownerReferences).toEqual([
      {
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupConfiguration",
        name: "nightly",
        uid: "uid-1",
        controller: true,
      },
    ]);
    expect(session.spec).not.toHaveProperty("dueTime");
  });

  test("L32: carries the target's namespace even where the spec leaves it out", () => {
    const labels = backupSessionLabels(anInvoker({ target: web }));
    expect(labels).toMatchObject({
      "stash.appscode.com/target-kind": "Deployment",
      "stash.appscode.com/target-name": "web",
      "stash.appscode.com/target-namespace": "demo",
      [targetLabelKey({ kind: "Deployment", namespace: "demo", name: "web" })]: "true",
    });
  });

  test("L93: an invoker without a target gets its session", () => {
    const labels = backupSessionLabels(anInvoker());
    expect(Object.keys(labels).filter((key) => key.includes("target"))).toEqual([]);
  });

  test("L94: the invoker's labels are copied, not written to, and ours win", () => {
    const own = Object.freeze({ team: "blue", "app.kubernetes.io/managed-by": "Helm" });
    const invoker = anInvoker({ labels: own });
    expect(backupSessionLabels(invoker)).toMatchObject({
      team: "blue",
      "app.kubernetes.io/managed-by": "stash.appscode.com",
    });
    expect(invoker.labels).toEqual({ team: "blue", "app.kubernetes.io/managed-by": "Helm" });
  });

  test("has labels that the API server accepts, however long the invoker's name is", () => {
    const name = `${"very-long".repeat(20)}.example`;
    const labels = backupSessionLabels(anInvoker({ name }));
    expect(labels["stash.appscode.com/invoker-name"]).toBe(labelValue(name));
    for (const value of Object.values(labels)) {
      expect(value).toMatch(/^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/);
    }
  });
});

describe("label values", () => {
  test("names that fit stay as they are", () => {
    for (const name of ["web", "a".repeat(63), "x.y_z-1", ""]) expect(labelValue(name)).toBe(name);
  });

  test("names that don't fit stay apart", () => {
    const long = "a".repeat(70);
    expect(labelValue(`${long}1`)).not.toBe(labelValue(`${long}2`));
    expect(labelValue("system:reader")).not.toBe(labelValue("system_reader"));
    for (const name of [`${long}1`, "system:reader", "-", ":", "Ä".repeat(80)]) {
      expect(labelValue(name)).toMatch(/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/);
    }
  });
});

test("both names of a due time end in its unix seconds and differ between kinds", () => {
  const dueAtMs = Date.parse("2024-04-30T00:00:00Z");
  const names = (["BackupConfiguration", "BackupBatch"] as const).map((kind) =>
    backupSessionNames({ kind, name: "web" }, dueAtMs),
  );
  expect(names[0]?.[0]).toBe("web-1714435200");
  expect(names[1]?.[0]).toBe("web-1714435200");
  expect(names[0]?.[1]).not.toBe(names[1]?.[1]);
  for (const pair of names) for (const name of pair) expect(name).toMatch(/-1714435200$/);
});
