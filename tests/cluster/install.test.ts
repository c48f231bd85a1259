/** install.yaml on a real control plane: the product's own pods, from the image's files, with their own rights and no more. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { systemClock } from "../../shared/clock.ts";
import { Install } from "../../shared/contract.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { eventually } from "../support/eventually.ts";
import { describeTree } from "../support/files/tree.ts";
import { diagnose, runCli, runCliAs } from "../support/install/cli.ts";
import { listGranted } from "../support/install/granted.ts";
import {
  applyInstallation,
  INSTALLED_IMAGE,
  type InstalledProduct,
  startEmptyCluster,
} from "../support/install/installed-product.ts";
import { findLeader, type Leader } from "../support/install/leader.ts";
import { killContainer } from "../support/node/containers.ts";
import { listPods, waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../support/restore/restore-stand.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { kubectl, untilAvailable } from "../support/webhook/aggregated-plane.ts";

const OWN = "stash-batch";
const INSTALL_PAGE = join(import.meta.dirname, "../../docs/install.md");
const SNAPSHOT_API = join(import.meta.dirname, "../../manifests/overlays/snapshot-api");
const NAMESPACE = "shop";
const TIMEOUT_MS = 90_000;
const START_MS = 300_000;
const PRODUCT_ACCOUNTS = /^system:serviceaccount:stash-batch:/;
const APPLICATION_ACCOUNTS = /^system:serviceaccount:shop:/;

const DB = { kind: "StatefulSet", name: "db" } as const;
const WEB = { kind: "Deployment", name: "web" } as const;
const MEMBERS = [DB, WEB];
/** Newest first. */
const BUDGETS = ["v1", "v1beta1"].map((version) => ({
  group: "policy",
  version,
  plural: "poddisruptionbudgets",
  namespaced: true,
}));

let cluster: InstalledProduct;
let stand: RestoreStand;
let grantedBefore: readonly string[];

beforeAll(async () => {
  cluster = await startEmptyCluster({
    nodes: ["install-a", "install-b"],
    images: { "app:1": {} },
    program: sharedPlane().program,
  });
  await applyInstallation(cluster.client);
}, START_MS);

afterAll(async () => {
  await cluster?.stop();
}, START_MS);

function componentPods(component: string) {
  return waitForReadyPods(cluster.client, OWN, `app.kubernetes.io/component=${component}`, 2, TIMEOUT_MS);
}

test("install.yaml alone gives two ready replicas of each program, on different nodes", async () => {
  for (const component of ["webhook", "reconciler"]) {
    const pods = await componentPods(component);
    expect(pods).toHaveLength(2);
  }
  const { items } = await cluster.client.list(KUBERNETES.Pod, OWN, (pod) => ({
    component: textAt(pod, "metadata", "labels", "app.kubernetes.io/component"),
    node: textAt(pod, "spec", "nodeName"),
  }));
  for (const component of ["webhook", "reconciler"]) {
    const nodes = items.filter((pod) => pod.component === component).map(({ node }) => node);
    expect(new Set(nodes), component).toEqual(new Set(["install-a", "install-b"]));
  }
});

test("the leading reconciler brings the catalogue and the disruption budgets, whose version is the server's", async () => {
  const { client } = cluster;
  const names = async (plural: string) => {
    const resource = { group: "stash.appscode.com", version: "v1beta1", plural, namespaced: false };
    return (await client.list(resource, undefined, (object) => textAt(object, "metadata", "name"))).items;
  };
  await eventually(
    () => names("tasks"),
    (found) => found.includes("pvc-restore"),
    TIMEOUT_MS,
  );
  expect(await names("functions")).toContain("update-status");
  const served = await createDiscovery(client, systemClock).firstServed(BUDGETS);
  if (served === undefined) throw new Error("no version of PodDisruptionBudget is served");
  const budgets = async () => (await client.list(served, OWN, (object) => textAt(object, "metadata", "name"))).items;
  await eventually(budgets, ({ length }) => length === 2, TIMEOUT_MS);
});

test("applying install.yaml a second time changes nothing", async () => {
  const { client } = cluster;
  const bundles = async () =>
    (await client.get(KUBERNETES.ValidatingWebhookConfiguration, undefined, OWN, asIs)) as unknown;
  await eventually(bundles, (found) => JSON.stringify(found).includes("caBundle"), TIMEOUT_MS);
  const once = await applyInstallation(client);
  const twice = await applyInstallation(client);
  expect(once.size).toBeGreaterThan(30);
  expect(twice).toEqual(once);
});

test("a batch of a StatefulSet and a Deployment is backed up and comes back", async () => {
  const { client } = cluster;
  stand = await openRestoreStand(cluster, NAMESPACE);
  grantedBefore = await listGranted(cluster.controlPlane, NAMESPACE, "default");
  const shared = await stand.makeFolder("shared");
  await stand.apply(batchManifest(NAMESPACE, MEMBERS, { executionOrder: "Sequential" }));
  const { namespace, marks } = stand;
  await stand.apply(
    partManifest({ ...DB, namespace, marks, data: "", replicas: 2 }),
    partManifest({ ...WEB, namespace, marks, data: shared }),
  );
  await waitForContainer(client, NAMESPACE, "app=db", "stash", 2, TIMEOUT_MS);
  await waitForContainer(client, NAMESPACE, "app=web", "stash", 1, TIMEOUT_MS);
  const folders = [await stand.folderOfClaim("files-db-0"), await stand.folderOfClaim("files-db-1"), shared];
  for (const folder of folders) {
    await mkdir(join(folder, "below"), { recursive: true });
    await writeFile(join(folder, "below", "random"), Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))));
  }
  const before = await Promise.all(folders.map((folder) => describeTree(folder)));
  const session = await stand.backUp("nightly-1");
  expect(session.status, JSON.stringify(session.status, null, 1)).toMatchObject({ phase: "Succeeded" });
  for (const folder of folders) await emptyFolder(folder);
  await stand.clearMarks();
  await stand.apply(
    restoreManifest(
      NAMESPACE,
      "back",
      MEMBERS.map((member) => restoreMember(member)),
    ),
  );
  const restore = await stand.waitForEnd("back", TIMEOUT_MS);
  expect(restore.status, JSON.stringify(restore.status, null, 1)).toMatchObject({ phase: "Succeeded" });
  await waitForReadyPods(client, NAMESPACE, "app=db", 2, TIMEOUT_MS);
  expect(await Promise.all(folders.map((folder) => describeTree(folder)))).toEqual(before);
});

test("agents are granted what docs/install.md lists, and nothing else", async () => {
  const after = await listGranted(cluster.controlPlane, NAMESPACE, "default");
  const gained = after.filter((line) => !grantedBefore.includes(line));
  const documented = /```agent-rights\n([^`]+)```/.exec(await readFile(INSTALL_PAGE, "utf8"))?.[1] ?? "";
  expect(gained).toEqual(documented.trim().split("\n").sort());
});

test("a reconciler that is killed during a session is replaced within 20 s, and nothing is lost or doubled", async () => {
  const { client, nodes } = cluster;
  const before = await findLeader(client);
  const session = stand.backUp("nightly-2");
  const isRunning = async () =>
    (await client.get(KINDS.BackupSession, NAMESPACE, "nightly-2", parseBackupSession)).status?.targets?.[0]?.stats;
  await eventually(
    () => isRunning().catch(() => undefined),
    (stats) => (stats ?? []).length > 0,
  );
  await killContainer(client, nodes, OWN, before.pod, "reconciler");
  const killedAt = performance.now();
  const isNext = ({ holder }: Leader) => holder !== "" && holder !== before.holder;
  await eventually(() => findLeader(client), isNext, TIMEOUT_MS);
  expect(performance.now() - killedAt).toBeLessThan(20_000);
  const { status } = await session;
  expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
  const tag = `session=${NAMESPACE}/nightly-2`;
  const snapshots: unknown = JSON.parse(stand.restic("snapshots", "--json", "--tag", tag));
  const hosts = (Array.isArray(snapshots) ? snapshots : []).map((snapshot) => textAt(snapshot, "hostname"));
  expect(hosts.sort()).toEqual(["db-0", "db-1", "web"]);
});

test("the doctor finds nothing wrong", async () => {
  const { exitCode, stdout } = await runCli(cluster, "doctor");
  expect(stdout).not.toMatch(/^(warning|FAULT)/m);
  expect(exitCode, stdout).toBe(0);
});

test("a doctor with rights in one namespace finds no fault, and tells what it may not look at", async () => {
  const { client, controlPlane } = cluster;
  const kubeconfigPath = await controlPlane.kubeconfigFor("team-lead", ["team"]);
  const group = "rbac.authorization.k8s.io";
  const binding = {
    apiVersion: `${group}/v1`,
    kind: "RoleBinding",
    metadata: { name: "team", namespace: NAMESPACE },
    roleRef: { apiGroup: group, kind: "ClusterRole", name: "edit" },
    subjects: [{ apiGroup: group, kind: "Group", name: "team" }],
  };
  await client.create(KUBERNETES.RoleBinding, NAMESPACE, binding, asIs);
  const asTeam = (...args: readonly string[]) => runCliAs(kubeconfigPath, cluster, "doctor", ...args);
  const { exitCode, stdout, stderr } = await asTeam("--probe-namespace", NAMESPACE);
  expect(exitCode, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/ok +definitions: 13 kinds are published as this version writes them/);
  expect(stdout).toMatch(/ok +mutating webhook answers/);
  expect(stdout).toMatch(/warning +programs: not looked at: .*cannot get resource "deployments"/);
  expect(stdout).toMatch(/warning +rights: you may not ask what others may do/);
  expect(stdout).not.toContain("FAULT");
  const elsewhere = await asTeam();
  expect(elsewhere.exitCode, elsewhere.stdout).toBe(0);
  expect(elsewhere.stdout).toMatch(/warning +mutating webhook answers: not tried: .*\n.*--probe-namespace/);
});

test("nothing that the product or the agents asked for was refused", async () => {
  const { audit } = cluster;
  expect(await audit.count(PRODUCT_ACCOUNTS)).toBeGreaterThan(50);
  expect(await audit.count(APPLICATION_ACCOUNTS)).toBeGreaterThan(5);
  expect(await audit.refused(PRODUCT_ACCOUNTS)).toEqual([]);
  expect(await audit.refused(APPLICATION_ACCOUNTS)).toEqual([]);
  const restarts = (await listPods(cluster.client, OWN, "")).flatMap(({ troubles }) => troubles);
  expect(restarts).toEqual([]);
});

test("the doctor tells each thing that was broken, and recovers with a second apply", async () => {
  const { client } = cluster;
  const withoutNodes = { kind: "json", operations: [{ op: "remove", path: "/rules/0" }] } as const;
  await client.patch(KUBERNETES.ClusterRole, undefined, "stash-batch-webhook", withoutNodes, asIs);
  const noReplicas = {
    kind: "json",
    operations: [
      { op: "replace", path: "/spec/replicas", value: 0 },
      { op: "replace", path: "/spec/template/spec/containers/0/image", value: "other:1" },
    ],
  } as const;
  await client.patch(KUBERNETES.Deployment, OWN, "stash-batch-webhook", noReplicas, asIs);
  await waitForReadyPods(client, OWN, "app.kubernetes.io/component=webhook", 0, TIMEOUT_MS);
  await client.delete(KUBERNETES.CustomResourceDefinition, undefined, "tasks.stash.appscode.com");
  const { exitCode, wrong } = await diagnose(cluster);
  expect(exitCode).toBe(1);
  const text = wrong.join("\n");
  expect(text).toContain("definitions: tasks.stash.appscode.com is missing");
  expect(text).toContain(
    `image: stash-batch-webhook injects other:1, but stash-batch-reconciler injects ${INSTALLED_IMAGE}`,
  );
  expect(text).toContain("stash-batch-webhook: no replica of Deployment stash-batch/stash-batch-webhook is ready");
  expect(text).toContain("rights: stash-batch-webhook may not get backupbatches.stash.appscode.com");
  expect(text).toMatch(/validating webhook answers: .*failed calling webhook/);
  expect(text).toMatch(/mutating webhook answers: .*failed calling webhook/);

  await applyInstallation(client, { force: true });
  await componentPods("webhook");
  await eventually(
    () => diagnose(cluster),
    (result) => result.exitCode === 0,
    TIMEOUT_MS,
  );
});

test("debug operator prints what both programs log", async () => {
  const { exitCode, stdout, stderr } = await runCli(cluster, "debug", "operator");
  expect(exitCode, stderr).toBe(0);
  for (const program of ["webhook", "reconciler"]) {
    expect(stdout).toMatch(new RegExp(`=== .*stash-batch-${program}`));
  }
  expect(stdout.split("\n").filter((line) => line.startsWith("{") || line.includes("info")).length).toBeGreaterThan(5);
});

describe("the overlay snapshot-api, applied as docs/install.md says", () => {
  const READER = "reader@example.com";
  let reader: string;
  const as = (kubeconfigPath: string, ...args: readonly string[]) =>
    kubectl(cluster.controlPlane, kubeconfigPath, ...args);
  const asAdmin = (...args: readonly string[]) => as(cluster.controlPlane.kubeconfigPath, ...args);
  const ids = () => stand.restic("list", "snapshots", "--no-lock").trim().split("\n").sort();

  test("brings kubectl get snapshots by the API server's aggregation layer, to who may", async () => {
    const { client, controlPlane } = cluster;
    const applied = await asAdmin("apply", "--server-side", "--force-conflicts", "-k", SNAPSHOT_API);
    expect(applied.code, applied.stderr).toBe(0);
    for (const component of ["webhook", "reconciler"]) {
      const rollout = ["rollout", "status", `deployment/stash-batch-${component}`, "-n", OWN, "--timeout=90s"];
      const { code, stderr } = await kubectl(controlPlane, controlPlane.kubeconfigPath, ...rollout);
      expect(code, stderr).toBe(0);
    }
    await untilAvailable({ admin: client }, Install.SnapshotApiService);
    reader = await controlPlane.kubeconfigFor(READER, ["system:authenticated"]);
    // An API server lists a group a moment after it serves it.
    const isListed = ({ stderr }: { readonly stderr: string }) => !stderr.includes("have a resource type");
    const none = await eventually(() => as(reader, "get", "snapshots", "-n", NAMESPACE), isListed, TIMEOUT_MS);
    expect([none.code, none.stdout, none.stderr]).toEqual([1, "", expect.stringMatching(/forbidden/i)]);
    const group = "rbac.authorization.k8s.io";
    await client.create(
      KUBERNETES.RoleBinding,
      NAMESPACE,
      {
        apiVersion: `${group}/v1`,
        kind: "RoleBinding",
        metadata: { name: "reader", namespace: NAMESPACE },
        roleRef: { apiGroup: group, kind: "ClusterRole", name: "view" },
        subjects: [{ apiGroup: group, kind: "User", name: READER }],
      },
      asIs,
    );
    const list = () => as(reader, "get", "snapshots", "-n", NAMESPACE, "--no-headers");
    const { stdout } = await eventually(
      list,
      (told) => told.stdout.trim().split("\n").length === ids().length,
      TIMEOUT_MS,
    );
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/));
    expect(rows.map(([, id = ""]) => id).sort()).toEqual(ids());
    expect(new Set(rows.map(([, , repository]) => repository))).toEqual(new Set(["store"]));
    expect(new Set(rows.map(([, , , host]) => host))).toEqual(new Set(["db-0", "db-1", "web"]));
    expect((await as(reader, "get", "snapshots", "-n", NAMESPACE, "-l", "hostname=web", "-o", "name")).stdout).toMatch(
      /^(snapshot\.repositories\.stash\.appscode\.com\/store-[0-9a-f]{8}\n)+$/,
    );
    const { stdout: found } = await runCli(cluster, "doctor");
    expect(found).toMatch(/ok +Snapshot API: the API server reaches it/);
  });

  test("kubectl delete snapshot takes it out of the repository, for who may", async () => {
    const [first = ""] = ids();
    const name = `store-${first.slice(0, 8)}`;
    const refused = await as(reader, "delete", "snapshot", name, "-n", NAMESPACE);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/forbidden/i)]);
    const ordered = await asAdmin("delete", "snapshot", name, "-n", NAMESPACE, "--wait=false");
    expect([ordered.code, ordered.stderr]).toEqual([0, ""]);
    await eventually(
      async () => ids(),
      (left) => !left.includes(first),
      TIMEOUT_MS,
    );
    const gone = async () => (await asAdmin("get", "snapshot", name, "-n", NAMESPACE)).stderr;
    expect(await eventually(gone, (said) => said !== "", TIMEOUT_MS)).toContain("NotFound");
  });
});

test("uninstalling tells its steps first, and leaves sidecars and objects unless it is asked for more", async () => {
  const { client } = cluster;
  const told = await runCli(cluster, "uninstall", "--remove-sidecars", "--remove-definitions");
  expect(told.exitCode, told.stderr).toBe(0);
  expect(told.stdout).toContain("would take our containers out of statefulsets.apps shop/db");
  await componentPods("webhook");

  const before = await waitForReadyPods(client, NAMESPACE, "app=db", 2, TIMEOUT_MS);
  const done = await runCli(cluster, "uninstall", "--yes");
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  expect(await client.find(KUBERNETES.Namespace, undefined, OWN, asIs)).toBeUndefined();
  expect(await client.find(KUBERNETES.APIService, undefined, Install.SnapshotApiService, asIs)).toBeUndefined();
  const after = await waitForReadyPods(client, NAMESPACE, "app=db", 2, TIMEOUT_MS);
  expect(after.map(({ uid, containers }) => [uid, containers])).toEqual(
    before.map(({ uid, containers }) => [uid, containers]),
  );
  for (const { containers } of after) expect(containers).toContain("stash");
  // Nobody is there any more to let it go.
  const repository = await client.get(KINDS.Repository, NAMESPACE, "store", asIs);
  expect(listAt(repository, "metadata", "finalizers")).toEqual([]);
});

test("uninstalling with everything leaves nothing of ours, and nothing that blocks", async () => {
  const { client } = cluster;
  const done = await runCli(cluster, "uninstall", "--remove-sidecars", "--remove-definitions", "--yes");
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  for (const resource of [KUBERNETES.MutatingWebhookConfiguration, KUBERNETES.ValidatingWebhookConfiguration]) {
    expect((await client.list(resource, undefined, asIs)).items).toEqual([]);
  }
  expect((await client.list(KUBERNETES.CustomResourceDefinition, undefined, asIs)).items).toEqual([]);
  const named = async (resource: Resource) =>
    (await client.list(resource, undefined, (object) => textAt(object, "metadata", "name") ?? "")).items;
  for (const resource of [KUBERNETES.ClusterRole, KUBERNETES.ClusterRoleBinding, KUBERNETES.PriorityClass]) {
    expect((await named(resource)).filter((name) => name.includes("stash"))).toEqual([]);
  }
  expect((await named(KUBERNETES.Role)).filter((name) => name.includes("stash"))).toEqual([]);
  const pods = await waitForReadyPods(client, NAMESPACE, "app=db", 2, TIMEOUT_MS);
  expect(pods.map(({ containers }) => containers)).toEqual([["app"], ["app"]]);
  // Nothing of ours holds the application's namespace.
  await client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  const namespace = () => client.find(KUBERNETES.Namespace, undefined, NAMESPACE, asIs);
  await eventually(namespace, undefined, TIMEOUT_MS);
  const again = await runCli(cluster, "uninstall", "--yes");
  expect(again.exitCode, again.stderr).toBe(0);
});
