/**
 * What tenants with the rights that they really have can make of our kinds: a real API server, its own roles and ours, the real webhook.
 * `mallory` has edit in one namespace. `ops` has stash-batch-edit alone there, and edit in another. `pod` has no right.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { makeUserKubeconfig } from "../support/control-plane/kubeconfig.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { applyFile, applyManifests, type Manifest } from "../support/objects/apply.ts";
import { KUBERNETES, resourceOf } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { connectTo, readAuthority } from "../support/webhook/cluster-client.ts";
import { aWorkload } from "../support/webhook/objects.ts";
import {
  registerWebhook,
  startTestWebhook,
  type TestWebhook,
  untilNoticed,
} from "../support/webhook/running-webhook.ts";

const EVIL = "authority-evil";
const OTHER = "authority-other";
const STASH = "stash.appscode.com/v1beta1";
const REVIEWS = { group: "authorization.k8s.io", version: "v1", plural: "selfsubjectaccessreviews", namespaced: false };

let admin: KubeClient;
let mallory: KubeClient;
let ops: KubeClient;
let pod: KubeClient;
let folder = "";
let webhook: TestWebhook;
let unregister: () => Promise<void>;

async function userClient(user: string): Promise<KubeClient> {
  const path = join(folder, user);
  const kubeconfig = await makeUserKubeconfig(sharedPlane().serverUrl, user, ["system:authenticated"]);
  await writeFile(path, kubeconfig, { mode: 0o600 });
  return connectTo(path);
}

const bind = (user: string, role: string, namespace: string): Manifest => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: `${user}-${role}`, namespace },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
});

async function may(client: KubeClient, resourceAttributes: object): Promise<boolean> {
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
  return client.create(REVIEWS, undefined, body, (review) => valueAt(review, "status", "allowed") === true);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stash-batch-tenants-"));
  admin = await connectTo(sharedPlane().kubeconfigPath);
  const ca = await readAuthority(sharedPlane().kubeletCa);
  await applyFile(admin, resolve(import.meta.dirname, "../../manifests/base/rbac-users.yaml"));
  await applyManifests(admin, [
    ...[EVIL, OTHER].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
    bind("mallory", "edit", EVIL),
    bind("ops", "stash-batch-edit", EVIL),
    bind("ops", "edit", OTHER),
  ]);
  mallory = await userClient("mallory");
  ops = await userClient("ops");
  pod = await userClient("system:serviceaccount:authority-evil:default");
  webhook = await startTestWebhook({ kubeconfigPath: sharedPlane().kubeconfigPath, ca });
  unregister = await registerWebhook(admin, webhook.url, ca.certPem, { validates: true });
  // Our rights are added to the role `edit` by a controller.
  const batches = { verb: "create", group: "stash.appscode.com", resource: "backupbatches", namespace: EVIL };
  await eventually(() => may(mallory, batches), true, 30_000);
  await untilNoticed();
});

afterAll(async () => {
  await unregister?.();
  await webhook?.stop();
  for (const name of [EVIL, OTHER]) await admin?.delete(KUBERNETES.Namespace, undefined, name);
  for (const client of [admin, mallory, ops, pod]) client?.close();
  removeFolder(folder);
});

const retentionPolicy = { name: "k", keepLast: 1, prune: true };
const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const DB = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" };
const named = (prefix: string) => `${prefix}-${randomUUID().slice(0, 8)}`;
const exec = { exec: { command: ["id"] } };

function batch(members: readonly object[], spec: object = {}, metadata: object = {}): Manifest {
  const name = named("batch");
  return {
    apiVersion: STASH,
    kind: "BackupBatch",
    metadata: { name, namespace: EVIL, ...metadata },
    spec: { schedule: "0 0 1 1 *", repository: { name: "r" }, retentionPolicy, members, ...spec },
  };
}

const restore = (members: readonly object[]): Manifest => ({
  apiVersion: STASH,
  kind: "RestoreBatch",
  metadata: { name: named("restore"), namespace: EVIL },
  spec: { repository: { name: "r" }, session: "s", members },
});

const repository = (backend: object): Manifest => ({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: named("store"), namespace: EVIL },
  spec: { usagePolicy: { allowedNamespaces: { from: "All" } }, backend },
});

const appBinding = (spec: object = {}): Manifest => ({
  apiVersion: DB.apiVersion,
  kind: "AppBinding",
  metadata: { name: named("app"), namespace: EVIL },
  spec: { type: "kubedb.com/mariadb", clientConfig: { url: "tcp://attacker.test:1" }, ...spec },
});

const verifier = (): Manifest => ({
  apiVersion: STASH,
  kind: "BackupVerifier",
  metadata: { name: named("verifier"), namespace: EVIL },
  spec: {
    invoker: { kind: "BackupBatch", name: "shop" },
    type: "Script",
    script: { image: "a:1", env: [{ name: "T", valueFrom: { secretKeyRef: { name: "crown", key: "k" } } }] },
  },
});

const drill = (name: string, spec: object = {}): Manifest => ({
  apiVersion: STASH,
  kind: "BackupVerificationSession",
  metadata: { name: named("drill"), namespace: EVIL },
  spec: { verifier: name, ...spec },
});

const write = (client: KubeClient, object: Manifest) =>
  client.create(resourceOf(object.kind), object.metadata.namespace ?? EVIL, object, asIs);

const job = (more: object = {}) => batch([{ target: { ref: DB }, task: { name: "mariadb-backup" }, ...more }]);

test("the tenants have the rights that the cases below take for granted", async () => {
  const secrets = { verb: "get", resource: "secrets", namespace: EVIL };
  const pods = { verb: "create", resource: "pods", namespace: EVIL };
  expect([await may(mallory, secrets), await may(mallory, pods)]).toEqual([true, true]);
  expect([await may(ops, secrets), await may(ops, pods)]).toEqual([false, false]);
});

describe("ops, who may write our kinds and nothing else,", () => {
  test.each<[string, () => Manifest, RegExp]>([
    [
      "S4: sends no request from inside",
      () => batch([], { hooks: { preBackup: { httpGet: { host: "169.254.169.254", port: 80 } } } }),
      /may not create pods/,
    ],
    [
      "S6a: gives no job another target",
      () => job({ task: { name: "pvc-backup", params: [{ name: "TARGET_NAME", value: "payroll" }] } }),
      /TARGET_NAME is set by stash-batch/,
    ],
    [
      "S6b: names no kind that nobody knows",
      () =>
        batch([
          { target: { ref: { apiVersion: "x/v1", kind: "Foo", name: "payroll" } }, task: { name: "pvc-backup" } },
        ]),
      /Foo can't be backed up/,
    ],
    ["S6b: leaves no target out", () => batch([{ task: { name: "pvc-backup" } }]), /target\.ref: is missing/],
    [
      "S6b: makes no claims",
      () => restore([{ target: { volumeClaimTemplates: [{ metadata: { name: "c" }, spec: {} }] } }]),
      /may not create persistentvolumeclaims/,
    ],
    ["S6c: starts no job", () => job(), /may not create pods in namespace authority-evil/],
    [
      "S6c: runs as no account",
      () => job({ runtimeSettings: { pod: { serviceAccountName: "admin" } } }),
      /may not get serviceaccounts authority-evil\/admin/,
    ],
    [
      "S6c: reads no Secret into a container",
      () => job({ runtimeSettings: { container: { envFrom: [{ secretRef: { name: "crown" } }] } } }),
      /may not get secrets authority-evil\/crown/,
    ],
    [
      "S6c: takes no role of a cloud",
      () => job({ runtimeSettings: { pod: { serviceAccountAnnotations: { "eks.amazonaws.com/role-arn": "x" } } } }),
      /may not create serviceaccounts/,
    ],
    [
      "S6c: gives the trigger's pod no settings",
      () => batch([], { runtimeSettings: { container: { env: [{ name: "NODE_OPTIONS", value: "x" }] } } }),
      /may not create pods/,
    ],
    [
      "S6d: overwrites no database",
      () => restore([{ target: { ref: DB } }]),
      /may not get secrets in namespace authority-evil/,
    ],
    [
      "S6e: hands out no Secret by a Repository",
      () => repository({ storageSecretName: "crown", s3: { endpoint: "e", bucket: "b" } }),
      /may not get secrets authority-evil\/crown/,
    ],
    [
      "S6e: mounts no Secret by a local backend",
      () => repository({ local: { mountPath: "/safe/r", secret: { secretName: "crown" } } }),
      /may not get secrets authority-evil\/crown/,
    ],
    [
      "S6: makes no pod that mounts a folder of a node, by what looks after a repository",
      () => repository({ local: { mountPath: "/safe/r", hostPath: { path: "/var", type: "Directory" } } }),
      /may not create pods in namespace authority-evil/,
    ],
    [
      "sends no Secret to an address",
      () => appBinding({ secret: { name: "crown" } }),
      /may not get secrets authority-evil\/crown/,
    ],
    ["changes no workload", () => batch([{ target: { ref: WEB } }]), /may not update deployments authority-evil\/web/],
    [
      "runs nothing in pods",
      () => batch([{ target: { ref: WEB }, hooks: { postBackup: exec } }]),
      /may not create pods\/exec/,
    ],
  ])("%s", async (_what, object, message) => {
    await expect(write(ops, object())).rejects.toThrow(message);
  });

  test("S6f: gains nothing by deleting what a finalizer of his keeps", async () => {
    const held = batch([], {}, { finalizers: ["example.com/hold"] });
    const { name } = held.metadata;
    await write(ops, held);
    await ops.delete(resourceOf("BackupBatch"), EVIL, name);
    const patch = (operations: readonly { op: "add"; path: string; value: unknown }[]) =>
      ops.patch(resourceOf("BackupBatch"), EVIL, name, { kind: "json", operations }, asIs);
    await expect(patch([{ op: "add", path: "/spec/hooks", value: { postBackup: exec } }])).rejects.toThrow(
      /create pods/,
    );
    await patch([{ op: "add", path: "/metadata/finalizers", value: [] }]);
    const find = () => admin.find(resourceOf("BackupBatch"), EVIL, name, asIs);
    await eventually(() => find(), undefined, 10_000);
  });

  test("S6: leads no database's data or commands elsewhere by its AppBinding, with or without a Secret", async () => {
    const binding = appBinding({ secret: { name: "own" } });
    const { name } = binding.metadata;
    await write(admin, binding);
    const patch = (spec: object) =>
      ops.patch(resourceOf("AppBinding"), EVIL, name, { kind: "merge", body: { spec } }, asIs);
    const elsewhere = { url: "postgresql://203.0.113.7:443" };
    for (const spec of [
      { secret: null },
      { secret: null, clientConfig: elsewhere },
      { clientConfig: { url: null, service: { scheme: "tcp", name: "other", port: 1 } } },
      { parameters: { apiVersion: "a/v1", kind: "A", stash: { addon: { restoreTask: { name: "x" } } } } },
    ]) {
      await expect(patch(spec), JSON.stringify(spec)).rejects.toThrow(/may not (get secrets|create pods)/);
    }
    await ops.delete(resourceOf("AppBinding"), EVIL, name);
    const again = { ...appBinding({ clientConfig: elsewhere }), metadata: binding.metadata };
    await expect(write(ops, again)).rejects.toThrow(/may not create pods/);
  });

  test("S6: leads no Repository's data elsewhere without the right to its Secret", async () => {
    const store = repository({ storageSecretName: "crown", s3: { endpoint: "e", bucket: "b" } });
    await write(admin, store);
    const backend = { storageSecretName: null, s3: { endpoint: "attacker.test", bucket: "b" } };
    const patch = ops.patch(
      resourceOf("Repository"),
      EVIL,
      store.metadata.name,
      { kind: "merge", body: { spec: { backend } } },
      asIs,
    );
    await expect(patch).rejects.toThrow(/may not get secrets authority-evil\/crown/);
  });

  test("has no backup made by annotating an AppBinding, with arguments of his choice", async () => {
    const binding = appBinding();
    await write(admin, binding);
    const annotations = {
      "stash.appscode.com/backup-blueprint": "daily",
      "params.stash.appscode.com/args": "--host=x",
    };
    const patch = { kind: "merge", body: { metadata: { annotations } } } as const;
    const annotate = ops.patch(resourceOf("AppBinding"), EVIL, binding.metadata.name, patch, asIs);
    await expect(annotate).rejects.toThrow(/may not create pods/);
  });

  test("takes over no batch whose workloads joined it by their label", async () => {
    const object = batch([]);
    const { name } = object.metadata;
    await write(ops, object);
    await write(
      mallory,
      aWorkload("Deployment", EVIL, `joined-${name}`, { labels: { "stash.appscode.com/backup-batch": name } }),
    );
    const elsewhere = { kind: "merge", body: { spec: { repository: { name: "mine", namespace: OTHER } } } } as const;
    await expect(ops.patch(resourceOf("BackupBatch"), EVIL, name, elsewhere, asIs)).rejects.toThrow(
      /may not update deployments authority-evil\/joined-/,
    );
    await ops.delete(resourceOf("BackupBatch"), EVIL, name);
    const again = { ...batch([], { repository: { name: "mine", namespace: OTHER } }), metadata: object.metadata };
    await expect(write(ops, again)).rejects.toThrow(/may not update deployments/);
  });

  test("starts no drill of a verifier that somebody else wrote, and cancels those that run", async () => {
    const ofVerifier = verifier();
    await write(mallory, ofVerifier);
    const { name } = ofVerifier.metadata;
    await expect(write(ops, drill(name))).rejects.toThrow(/ops may not create pods in namespace authority-evil/);
    await expect(write(ops, drill(name, { session: "older" }))).rejects.toThrow(/may not get secrets .*\/crown/);
    await expect(write(ops, drill("not-there"))).rejects.toThrow(/may not create persistentvolumeclaims/);
    const running = drill(name);
    await write(mallory, running);
    const cancel = { kind: "merge", body: { spec: { cancel: true } } } as const;
    await ops.patch(resourceOf("BackupVerificationSession"), EVIL, running.metadata.name, cancel, asIs);
  });

  test("may still write what makes us do nothing", async () => {
    await write(ops, batch([]));
    await write(ops, repository({ s3: { endpoint: "e", bucket: "b" } }));
  });
});

describe("mallory, who has edit,", () => {
  test("may have done for him what he may do himself", async () => {
    await write(mallory, repository({ storageSecretName: "own", s3: { endpoint: "e", bucket: "b" } }));
    const binding = appBinding({ secret: { name: "own" } });
    await write(mallory, binding);
    const container = { envFrom: [{ secretRef: { name: "own" } }] };
    const pod = { serviceAccountName: "default", serviceAccountAnnotations: { a: "b" } };
    await write(mallory, job({ runtimeSettings: { pod, container }, hooks: { preBackup: exec } }));
    await write(mallory, batch([{ target: { ref: WEB } }], { hooks: { preBackup: exec } }));
    await write(mallory, restore([{ target: { ref: { ...DB, name: binding.metadata.name } } }]));
    await write(mallory, restore([{ target: { volumeClaimTemplates: [{ metadata: { name: "c" }, spec: {} }] } }]));
  });

  test.each<[string, object]>([
    ["a workload", { target: { ref: { ...WEB, namespace: OTHER } } }],
    ["a claim", { target: { ref: { kind: "PersistentVolumeClaim", name: "c", namespace: OTHER } } }],
    ["a database", { target: { ref: { ...DB, namespace: OTHER } } }],
    ["a workload by a Task", { target: { ref: { ...WEB, namespace: OTHER } }, task: { name: "pvc-backup" } }],
  ])("reaches %s of no other namespace", async (_what, member) => {
    await expect(write(mallory, batch([member]))).rejects.toThrow(/author: mallory may not|of another namespace/);
  });

  test("S8: may write a batch of a hundred members, asked in one", async () => {
    const members = Array.from({ length: 100 }, (_, at) => ({
      target: { alias: `a${at}`, ref: { ...WEB, name: `w${at}` } },
    }));
    await write(mallory, batch(members));
    await expect(write(ops, batch(members))).rejects.toThrow(
      /update deployments in namespace authority-evil, which .* 99 more/,
    );
  });
});

test("a pod's ServiceAccount can write nothing of ours", async () => {
  for (const object of [batch([]), restore([]), repository({ s3: { endpoint: "e", bucket: "b" } }), appBinding()]) {
    await expect(write(pod, object), object.kind).rejects.toThrow(/forbidden/i);
  }
});
