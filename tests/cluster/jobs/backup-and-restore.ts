/** Databases and volumes by jobs: there and back, into new claims, and from a Repository of another namespace. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreSession } from "../../../shared/api/restore-session.ts";
import { valueAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { eventually } from "../../support/eventually.ts";
import { BINDING, type JobStand } from "../../support/jobs/job-stand.ts";
import { folderOfClaim } from "../../support/objects/claims.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import { serviceAccountIdentity } from "../../support/product/identity.ts";

const FACTS = "SELECT id, HEX(name), HEX(raw) FROM shop.item ORDER BY id";
const PG_FACTS = "SELECT id, name, encode(raw, 'hex') FROM item ORDER BY id";
const FILES = "cd /files && find . -type f | sort | xargs -d '\\n' sha256sum";

async function everything({ maria, postgres, run }: JobStand): Promise<readonly string[]> {
  return Promise.all([maria(FACTS), postgres(PG_FACTS, "shop"), run("keeper", "keeper", FILES)]);
}

interface MemberHooks {
  readonly files?: string;
  readonly mariadb?: string;
  readonly postgres?: string;
}

function members(hooks: MemberHooks = {}): string {
  const hooksOf = (lines: string | undefined) => (lines === undefined ? "" : `\n      hooks:${lines}`);
  return `
    - target: { alias: mariadb, ref: { ${BINDING}, name: mariadb } }${hooksOf(hooks.mariadb)}
    - target: { alias: postgres, ref: { ${BINDING}, name: postgres } }${hooksOf(hooks.postgres)}
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files } }${hooksOf(hooks.files)}`;
}

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"];
const STASH = ["backupsessions", "backupconfigurations", "backupbatches", "restoresessions", "restorebatches"];

/** What an agent of a job could be tempted to do, by group. */
const THINGS: readonly (readonly [string, readonly string[]])[] = [
  [
    "",
    ["secrets", "configmaps", "pods", "pods/exec", "pods/log", "serviceaccounts", "services", "endpoints", "events"],
  ],
  ["", ["persistentvolumeclaims", "namespaces", "nodes"]],
  ["apps", ["deployments", "statefulsets", "daemonsets"]],
  ["batch", ["jobs", "cronjobs"]],
  ["rbac.authorization.k8s.io", ["roles", "rolebindings", "clusterroles", "clusterrolebindings"]],
  ["stash.appscode.com", [...STASH, ...STASH.map((kind) => `${kind}/status`), "repositories", "functions", "tasks"]],
  ["stash.appscode.com", ["backupblueprints", "repositories/status", "hostruns", "hostruns/status"]],
];

/** Asks the API server's authorizer about everything above, and about the AppBindings of the stand by their names. */
async function rightsOf(client: KubeClient, account: string): Promise<readonly string[]> {
  const { user, groups } = serviceAccountIdentity(account, "jobs");
  const questions = [
    ...THINGS.flatMap(([group, things]) => things.map((thing) => ({ group, thing, name: undefined }))),
    ...["mariadb", "postgres", undefined].map((name) => ({
      group: "appcatalog.appscode.com",
      thing: "appbindings",
      name,
    })),
  ].flatMap((question) => VERBS.map((verb) => ({ ...question, verb })));
  const answers = await Promise.all(
    questions.map(async ({ group, thing, name, verb }) => {
      const [resource, subresource] = thing.split("/");
      const resourceAttributes = { namespace: "jobs", group, resource, subresource, name, verb };
      const body = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user, groups, resourceAttributes },
      };
      const isAllowed = await client.create(ACCESS_REVIEWS, undefined, body, (raw) =>
        valueAt(raw, "status", "allowed"),
      );
      return isAllowed === true ? [`${verb} ${thing}${name === undefined ? "" : ` ${name}`}`] : [];
    }),
  );
  return answers.flat().sort();
}

const ACCESS_REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "subjectaccessreviews",
  namespaced: false,
};

/** @param stand whose namespace is `jobs` */
export function testBackupAndRestore(stand: () => JobStand): void {
  test("L72: databases and a volume, with hooks that name no container, are backed up by jobs, lost, and come back", async () => {
    const { makeBatch, backUp, run, maria, postgres, apply, untilRestored } = stand();
    const mariadb = `
        preBackup: { exec: { command: [bash, -c, "echo before >>/data/hooks"] } }
        postBackup: { exec: { command: [bash, -c, "echo after {{ .Status.Phase }} >>/data/hooks"] } }`;
    // Without a host the hook goes to the application.
    const overTcp = "\n        preBackup: { tcpSocket: { port: 5432 } }";
    // And to the job's own container, which has the volume.
    const files = '\n        preBackup: { exec: { command: [bash, -c, "test -f /stash-data/sub/a"] } }';
    await makeBatch("nightly", members({ mariadb, postgres: overTcp, files }), "  executionOrder: Sequential");
    const before = await everything(stand());

    const status = await backUp("nightly");
    expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
    const hosts = (status.targets ?? []).flatMap(({ stats }) => stats ?? []);
    expect(hosts.map(({ hostname, phase, snapshots }) => [hostname, phase, snapshots?.[0]?.path])).toEqual([
      ["mariadb", "Succeeded", "dumpfile.sql"],
      ["postgres", "Succeeded", "dumpfile.sql"],
      ["files", "Succeeded", "/stash-data"],
    ]);
    expect(hosts[1]?.hooks).toMatchObject([{ type: "preBackup", phase: "Succeeded" }]);
    expect(status.targets?.[2]?.hooks).toMatchObject([{ type: "preBackup", phase: "Succeeded" }]);
    expect(await run("mariadb", "server", "cat /data/hooks")).toBe("before\nafter Succeeded\n");
    const good = (status.conditions ?? []).filter((condition) => condition.status === "True").map(({ type }) => type);
    expect(good).toEqual(expect.arrayContaining(["RetentionPolicyApplied", "RepositoryMetricsPushed"]));

    await maria("DROP DATABASE shop");
    await postgres("DROP DATABASE shop WITH (FORCE)");
    await run("keeper", "keeper", "rm -r /files/sub && printf damaged >'/files/with blank'");
    await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreBatch
metadata: { name: back, namespace: jobs }
spec:
  repository: { name: store }
  timeOut: 5m
  session: nightly-1
  members:${members()}`);
    const restore = await untilRestored("RestoreBatch", "back");
    expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
    expect(await everything(stand())).toEqual(before);
  });

  test("the ServiceAccount of a job has the rights of docs/jobs.md and no other", async () => {
    const { client } = stand();
    const accounts = ["backupbatch-nightly-0", "restorebatch-back-0"];
    const granted = await Promise.all(accounts.map((account) => rightsOf(client, account)));
    const rights = ["get hostruns", "list hostruns", "patch hostruns/status", "watch hostruns"];
    expect(granted).toEqual([rights, rights]);
  });

  test("L44: volumes of claim templates are made and filled by one job an ordinal", async () => {
    const { apply, run, untilRestored } = stand();
    await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: { name: into-claims, namespace: jobs }
spec:
  repository: { name: store }
  timeOut: 5m
  target:
    replicas: 2
    rules: [{ sourceHost: files, paths: [/stash-data] }]
    volumeMounts: [{ name: copy, mountPath: /stash-data }]
    volumeClaimTemplates:
      - metadata: { name: "copy-\${POD_ORDINAL}" }
        spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }`);
    const restore = await untilRestored("RestoreSession", "into-claims");
    expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
    expect(restore.status).toMatchObject({
      stats: [
        { hostname: "host-0", phase: "Succeeded" },
        { hostname: "host-1", phase: "Succeeded" },
      ],
    });
    await apply(`
apiVersion: v1
kind: Pod
metadata: { name: reader, namespace: jobs, labels: { app: reader } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: reader, image: "tests/keeper:1", volumeMounts: [{ name: c, mountPath: /files }] }
  volumes: [{ name: c, persistentVolumeClaim: { claimName: copy-1 } }]`);
    expect(await run("reader", "reader", FILES)).toBe(await run("keeper", "keeper", FILES));
  });

  test("E4, E6: a restore waits for a claim that comes later, and its hooks run where upstream's names say", async () => {
    const { apply, client, untilRestored } = stand();
    const hook = (container: string, line: string) =>
      `{ containerName: ${container}, exec: { command: [bash, -c, ${JSON.stringify(line)}] } }`;
    await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: { name: into-later, namespace: jobs }
spec:
  repository: { name: store }
  timeOut: 5m
  hooks:
    preRestore: ${hook("pre-task-hook", "test ! -e /stash-data/sub && echo before >/stash-data/before")}
    postRestore: ${hook("post-task-hook", "cat /stash-data/sub/a /stash-data/before >/stash-data/after")}
  target:
    ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: later }
    rules: [{ sourceHost: files, paths: [/stash-data] }]`);
    const read = () => client.get(KINDS.RestoreSession, "jobs", "into-later", parseRestoreSession);
    const found = (status: string) => ({ type: "RestoreTargetFound", status });
    await expect
      .poll(async () => (await read()).status, { timeout: 30_000 })
      .toMatchObject({
        phase: "Pending",
        conditions: expect.arrayContaining([expect.objectContaining(found("False"))]),
      });
    await apply(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: later, namespace: jobs }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }`);
    const { status } = await untilRestored("RestoreSession", "into-later");
    expect(status, JSON.stringify(status)).toMatchObject({
      phase: "Succeeded",
      conditions: expect.arrayContaining([expect.objectContaining(found("True"))]),
    });
    const folder = await folderOfClaim(client, "jobs", "later");
    expect(await readFile(join(folder, "after"), "utf8")).toBe("onebefore\n");
  });

  test("L53: a claim that a pod mounts is told by the restore that fills it, and waited for with volumesInUse: Wait", async () => {
    const { apply, client, untilRestored } = stand();
    await apply(`
apiVersion: v1
kind: Pod
metadata: { name: writer, namespace: jobs }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: writer, image: "tests/keeper:1", volumeMounts: [{ name: later, mountPath: /files }] }
  volumes: [{ name: later, persistentVolumeClaim: { claimName: later } }]`);
    const manifest = (name: string, spec: string) => `
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: { name: ${name}, namespace: jobs }
spec:
  repository: { name: store }
  timeOut: 5m
  ${spec}
  target:
    ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: later }
    rules: [{ sourceHost: files, paths: [/stash-data] }]`;
    // The pod of the restore before may not have ended yet: then it is named too.
    const message = expect.stringMatching(/\bwriter mounts? claim later \(next: .*\bdelete pod writer\b/);
    await apply(manifest("beside", ""));
    const beside = await untilRestored("RestoreSession", "beside");
    const isInUse = expect.objectContaining({ type: "VolumesFree", status: "False", reason: "VolumesInUse", message });
    expect(beside.status, JSON.stringify(beside.status)).toMatchObject({
      phase: "Succeeded",
      conditions: expect.arrayContaining([isInUse]),
    });

    await apply(manifest("alone", "volumesInUse: Wait"));
    const read = () => client.get(KINDS.RestoreSession, "jobs", "alone", parseRestoreSession);
    await expect
      .poll(async () => (await read()).status, { timeout: 30_000 })
      .toMatchObject({ phase: "Pending", reason: "OldPodsRunning", message });
    expect(await client.find(KUBERNETES.Job, "jobs", "stash-restore-alone-0", asIs)).toBeUndefined();
    await client.delete(KUBERNETES.Pod, "jobs", "writer");
    const { status } = await untilRestored("RestoreSession", "alone");
    expect(status, JSON.stringify(status)).toMatchObject({
      phase: "Succeeded",
      conditions: expect.arrayContaining([expect.objectContaining({ type: "VolumesFree", status: "True" })]),
    });
  });

  test("a Repository of another namespace serves a job by a copy of its Secret, which goes with its last user", async () => {
    const { apply, client, repository, makeBatch, backUp } = stand();
    await apply(`
apiVersion: v1
kind: Namespace
metadata: { name: jobs-vault }
---
apiVersion: v1
kind: Secret
metadata: { name: far, namespace: jobs-vault }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: far, namespace: jobs-vault }
spec:
  usagePolicy: { allowedNamespaces: { from: All } }
  backend:
    storageSecretName: far
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }`);
    const member = `
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files } }`;
    const spec = `  repository: { name: far, namespace: jobs-vault }`;
    await makeBatch("far", member, spec);
    const status = await backUp("far");
    expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
    const copies = () =>
      client.list(KUBERNETES.Secret, "jobs", asIs, { labelSelector: "stash.appscode.com/copied-from-namespace" });
    expect((await copies()).items).toHaveLength(1);
    await client.delete(KINDS.BackupBatch, "jobs", "far");
    await eventually(copies, ({ items }) => items.length === 0);
    await client.delete(KUBERNETES.Namespace, undefined, `jobs-vault`);
  });
}
