/** Mounts that a kubelet can't make, and places that two members want: found when the container is planned. */
import { describe, expect, test } from "vitest";
import { findContested } from "../../../../shared/injection/contested.ts";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { namesInExpression } from "../../../../shared/target/expression.ts";
import { decideMutation } from "../../../../webhook/decide.ts";
import { aBackup, aBatch, aDeployment, aRepository, aRestore, aView } from "../../webhook/builders.ts";

const planOf = (change: Parameters<typeof aView>[0]) => planInjection(aView(change));
const mounting = (volumeMount: object) => ({ volumeMounts: [{ name: "data", mountPath: "/data", ...volumeMount }] });

describe("C10: subPathExpr", () => {
  const expr = "$(TENANT)/$(POD_NAME)/$$(LITERAL)";

  test("with a variable that the container lacks leaves the member out, and names it", () => {
    const plan = planOf({ backups: [aBackup({ target: mounting({ subPathExpr: expr }) })] });
    expect(plan.backup).toBeUndefined();
    expect(plan.reason).toBe("MountUnusable");
    expect(plan.warnings.join()).toMatch(/no variable TENANT \(next: Set it in runtimeSettings\.container\.env/);
  });

  test.each([
    ["by runtimeSettings", { env: [{ name: "TENANT", value: "a" }] }],
    ["perhaps by a ConfigMap", { envFrom: [{ configMapRef: { name: "env" } }] }],
  ])("that it gets %s is taken over", (_, container) => {
    const spec = { runtimeSettings: { container } };
    expect(planOf({ backups: [aBackup({ spec, target: mounting({ subPathExpr: expr }) })] }).reason).toBe("Injected");
  });

  test("counts with the settings that the container really has: those of the oldest member", () => {
    const older = aBackup({
      name: "older",
      metadata: { creationTimestamp: "2023-01-01T00:00:00Z" },
      spec: { runtimeSettings: { container: { env: [{ name: "OTHER", value: "a" }] } } },
    });
    const newer = aBackup({
      spec: { runtimeSettings: { container: { env: [{ name: "TENANT", value: "a" }] } } },
      target: mounting({ subPathExpr: expr, mountPath: "/tenant" }),
    });
    const plan = planOf({ backups: [older, newer] });
    expect(plan.problems).toMatchObject([{ reason: "MountUnusable", invoker: "BackupConfiguration demo/web-backup" }]);
    expect(JSON.stringify(plan.backup?.container["volumeMounts"])).not.toContain("/tenant");
  });

  test("a labelled workload with it is refused, like one with an unknown volume", () => {
    const workload = aDeployment({
      metadata: {
        labels: { "stash.appscode.com/backup-batch": "nightly" },
        annotations: { "stash.appscode.com/volume-mounts": "data:/data" },
      },
      podSpec: { containers: [{ name: "db", volumeDevices: [{ name: "data", devicePath: "/dev/xvda" }] }] },
    });
    const decision = decideMutation(aView({ workload, backups: [aBatch()] }));
    expect(decision).toMatchObject({ kind: "deny", reasons: { backup: "MountUnusable" } });
  });

  test.each([
    ["", []],
    ["$(A)", ["A"]],
    ["$$(A)$$$(B)", ["B"]],
    ["$(A)/$(A)/$(B", ["A"]],
    ["$A$", []],
    ["$()", [""]],
  ])("%j names %j", (text, names) => expect(namesInExpression(text)).toEqual(names));

  test("a text of nothing but beginnings is read in one walk", () => {
    const began = performance.now();
    expect(namesInExpression("$(".repeat(400_000))).toEqual([]);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe("block devices", () => {
  test("of a container of the application are not mounted as a file system", () => {
    const workload = aDeployment({
      podSpec: { containers: [{ name: "db", volumeDevices: [{ name: "data", devicePath: "/dev/xvda" }] }] },
    });
    const plan = planOf({ workload, backups: [aBackup()] });
    expect(plan.reason).toBe("MountUnusable");
    expect(plan.warnings.join()).toContain("block device");
  });

  test("of a claim template neither, and other templates are", () => {
    const target = { ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "web" } };
    const withMode = (volumeMode: string) =>
      planOf({
        workload: aDeployment({
          kind: "StatefulSet",
          podSpec: { volumes: undefined },
          spec: { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { volumeMode } }] },
        }),
        backups: [aBackup({ target })],
      }).reason;
    expect(withMode("Block")).toBe("MountUnusable");
    expect(withMode("Filesystem")).toBe("Injected");
  });

  test("a restore that mounts one is refused at the creation of its workload", () => {
    const workload = aDeployment({
      podSpec: { containers: [{ name: "db", volumeDevices: [{ name: "data", devicePath: "/dev/xvda" }] }] },
    });
    const decision = decideMutation(aView({ workload, restores: [aRestore()] }));
    expect(decision).toMatchObject({ kind: "deny", reasons: { restore: "MountUnusable" } });
  });
});

describe("C12: one place that two members want", () => {
  const workload = aDeployment({ podSpec: { volumes: [{ name: "data" }, { name: "other" }] } });
  const older = aBackup({ name: "alpha", metadata: { creationTimestamp: "2023-01-01T00:00:00Z" } });

  test("has the volume of the first, and the problem names the other one", () => {
    const beta = aBackup({ name: "beta", target: mounting({ name: "other" }) });
    const plan = planOf({ workload, backups: [beta, older] });
    expect(plan.reason).toBe("Injected");
    expect(plan.problems).toMatchObject([{ reason: "MountTaken", invoker: "BackupConfiguration demo/beta" }]);
  });

  test("another folder of the same volume is another thing; whether it may be written is not", () => {
    const inFolder = aBackup({ name: "beta", target: mounting({ subPath: "sub" }) });
    expect(planOf({ workload, backups: [older, inFolder] }).problems).toMatchObject([{ reason: "MountTaken" }]);
    const readOnly = aBackup({ name: "beta", target: mounting({ readOnly: true }) });
    expect(planOf({ workload, backups: [older, readOnly] }).problems).toEqual([]);
  });

  test("the backends of two Repositories too: nobody saves into another's repository", () => {
    const local = (path: string) =>
      aRepository({
        metadata: { name: path },
        spec: { backend: { storageSecretName: "backend", local: { mountPath: "/safe/data", hostPath: { path } } } },
      });
    const beta = aBackup({ name: "beta", repository: local("/b") });
    const plan = planOf({ backups: [aBackup({ ...older.invoker, name: "alpha", repository: local("/a") }), beta] });
    expect(plan.problems).toMatchObject([{ reason: "MountTaken", invoker: "BackupConfiguration demo/beta" }]);
  });
});

describe("a restore that can't write where it mounts is warned of", () => {
  test.each([
    ["its mount is read-only", { target: mounting({ readOnly: true }) }, { persistentVolumeClaim: { claimName: "c" } }],
    ["the claim is", {}, { persistentVolumeClaim: { claimName: "c", readOnly: true } }],
    ["it is a ConfigMap", {}, { configMap: { name: "c" } }],
  ])("%s", (_, restore, volume) => {
    const workload = aDeployment({ podSpec: { volumes: [{ name: "data", ...volume }] } });
    expect(planOf({ workload, restores: [aRestore(restore)] }).warnings.join()).toMatch(
      /a restore can't write to \/data/,
    );
    expect(planOf({ workload, backups: [aBackup()] }).warnings).toEqual([]);
  });

  test("and one that can is not", () => {
    expect(planOf({ restores: [aRestore()] }).warnings).toEqual([]);
  });
});

test("S14: processes that see each other are warned of, for backups and restores", () => {
  const workload = aDeployment({ podSpec: { shareProcessNamespace: true } });
  for (const sources of [{ backups: [aBackup()] }, { restores: [aRestore()] }]) {
    expect(planOf({ workload, ...sources }).warnings.join()).toMatch(/shareProcessNamespace.*password/);
  }
  expect(planOf({ workload }).warnings).toEqual([]);
});

describe("S14: names that injection gives to volumes", () => {
  test.each([
    ["a volume that the application mounts", [{ name: "data" }, { name: "stash-tmp-dir", emptyDir: {} }]],
    ["a mount of a volume that is not there", [{ name: "data" }]],
  ])("%s keeps the container out, the first time already", (_, volumes) => {
    const containers = [{ name: "app", volumeMounts: [{ name: "stash-tmp-dir", mountPath: "/x" }] }];
    const workload = aDeployment({ podSpec: { volumes, containers } });
    expect(planOf({ workload, backups: [aBackup()] }).reason).toBe("NameTaken");
  });

  test("a claim template of that name does too", () => {
    const ref = { apiVersion: "apps/v1", kind: "StatefulSet", name: "web" };
    const spec = { volumeClaimTemplates: [{ metadata: { name: "stash-identity" } }] };
    const workload = aDeployment({ kind: "StatefulSet", spec });
    expect(planOf({ workload, backups: [aBackup({ target: { ref } })] }).reason).toBe("NameTaken");
  });
});

describe("C12: two members of one container", () => {
  const invoker = (name: string) => ({ kind: "BackupBatch" as const, namespace: "demo", name });
  const problemsOf = (first: object, second: object) =>
    findContested(
      [
        { invoker: invoker("a"), repository: undefined, volumeMounts: [{ name: "a", mountPath: "/data", ...first }] },
        { invoker: invoker("b"), repository: undefined, volumeMounts: [{ name: "b", mountPath: "/data", ...second }] },
      ],
      "demo",
      ["/stash-tmp"],
    ).map(({ invoker: who, message }) => [who, message]);

  test.each(["/data/", "//data", "/data/.", "/./data//"])("want one place, however it is spelled: %s", (mountPath) => {
    expect(problemsOf({}, { mountPath })).toEqual([
      ["BackupBatch demo/b", expect.stringContaining("is wanted twice: volume a has it")],
    ]);
  });

  test.each([
    ["/data/uploads", "BackupBatch demo/a", "volume b of another member lies at /data/uploads"],
    ["/", "BackupBatch demo/b", "volume a of another member lies at /data"],
  ])("whose places lie within each other: %s", (mountPath, who, message) => {
    expect(problemsOf({}, { mountPath })).toEqual([[who, expect.stringContaining(message)]]);
  });

  test("that lie beside each other, or mount the same, get what they want", () => {
    expect(problemsOf({}, { mountPath: "/database" })).toEqual([]);
    expect(problemsOf({}, { name: "a", mountPath: "/data/." })).toEqual([]);
  });
});
