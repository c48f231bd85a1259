import { describe, expect, test } from "vitest";
import { createGather } from "../../../webhook/gather.ts";
import { mutate } from "../../../webhook/mutate.ts";
import { createMemoryWorld } from "../../support/injection/memory-world.ts";
import { admit, containersIn, namesIn } from "./apply.ts";
import { aBackup, aBatch, aDeployment, aRestore, SETTINGS, TARGET } from "./builders.ts";

const HELD = "stash.appscode.com/injection-held";
const REQUESTED = "stash.appscode.com/requested-injection";
const held = (change: Parameters<typeof aDeployment>[0] = {}) =>
  aDeployment({ ...change, metadata: { annotations: { [HELD]: "dry-run" }, ...change.metadata } });

describe("D9: a workload whose pods the cluster refused with the sidecar", () => {
  test("is not injected, and whoever changes it is told", () => {
    const { decision, workload } = admit({ workload: held(), backups: [aBackup()] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "InjectionRefusedByCluster" } });
    expect(decision.kind === "skip" && decision.warnings.join()).toContain("goes without its backup");
    expect(namesIn(containersIn(workload))).toEqual(["app"]);
  });

  test("gets its own bytes back when it has the sidecar already", () => {
    const original = held();
    const injected = admit({ workload: aDeployment(), backups: [aBackup()] }).workload;
    const now = { ...injected, metadata: original.metadata };
    const { decision, workload } = admit({ workload: now, old: injected, backups: [aBackup()] });
    expect(decision).toMatchObject({ kind: "change", reasons: { backup: "InjectionRefusedByCluster" } });
    expect(JSON.stringify(workload)).toBe(JSON.stringify(original));
  });

  test("that opted in by label starts all the same", () => {
    const labels = { app: "web", "stash.appscode.com/backup-batch": "nightly" };
    const annotations = { [HELD]: "dry-run", "stash.appscode.com/volume-mounts": "data:/data" };
    const joined = aDeployment({ metadata: { labels, annotations } });
    expect(admit({ workload: joined, backups: [aBatch()] }).decision.kind).toBe("skip");
  });

  test("is restored all the same: it must not start without its data", () => {
    const { decision } = admit({ workload: held(), backups: [aBackup()], restores: [aRestore()] });
    expect(decision).toMatchObject({
      kind: "change",
      reasons: { backup: "InjectionRefusedByCluster", restore: "RestoreInjected" },
    });
  });

  test("has no reason of that name when nothing names it", () => {
    expect(admit({ workload: held() }).decision.reasons.backup).toBe("NoInvoker");
  });
});

describe("a replacement that drops the hold with all other annotations", () => {
  const world = createMemoryWorld([
    {
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "repo", namespace: "demo" },
      spec: { backend: { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b" } } },
    },
    {
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      metadata: { name: "web-backup", namespace: "demo", uid: "u" },
      spec: {
        schedule: "0 3 * * *",
        repository: { name: "repo" },
        retentionPolicy: { name: "keep", keepLast: 5, prune: true },
        target: TARGET,
      },
    },
  ]);
  const gather = createGather({ world, settings: SETTINGS, isSynced: () => true });
  const reasonOf = (object: object, oldObject: object) =>
    mutate(
      {
        uid: "1",
        kind: "Deployment",
        group: "apps",
        resource: "deployments",
        subresource: "",
        name: "web",
        namespace: "demo",
        operation: "UPDATE",
        userInfo: {},
        object,
        oldObject,
      },
      gather,
    ).reasons.backup;

  test("does not bring the sidecar in, and the reconciler's request does", () => {
    const before = held({ metadata: { annotations: { [HELD]: "dry-run", [REQUESTED]: "none" } } });
    expect(reasonOf(aDeployment(), before)).toBe("InjectionRefusedByCluster");
    expect(reasonOf(aDeployment({ metadata: { annotations: { [REQUESTED]: "4711" } } }), before)).toBe("Injected");
    expect(reasonOf(aDeployment(), aDeployment())).toBe("Injected");
  });
});
