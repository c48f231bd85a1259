/** The job model: real control plane, real agents in real jobs, real databases in pods, real restic. */
import { expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs } from "../../shared/kube/client.ts";
import { listAt } from "../../shared/kube/json-value.ts";
import { BINDING, useJobStand } from "../support/jobs/job-stand.ts";
import { untilGone } from "../support/jobs/until-gone.ts";
import { KUBERNETES } from "../support/objects/resources.ts";

const NAMESPACE = "jobs";
const stand = useJobStand(NAMESPACE);

const FACTS = "SELECT id, HEX(name), HEX(raw) FROM shop.item ORDER BY id";
const PG_FACTS = "SELECT id, name, encode(raw, 'hex') FROM item ORDER BY id";
const FILES = "cd /files && find . -type f | sort | xargs -d '\\n' sha256sum";

async function everything(): Promise<readonly string[]> {
  const { maria, postgres, run } = stand();
  return Promise.all([maria(FACTS), postgres(PG_FACTS, "shop"), run("keeper", "keeper", FILES)]);
}

interface MemberHooks {
  readonly mariadb?: string;
  readonly postgres?: string;
}

function members(hooks: MemberHooks = {}): string {
  const hooksOf = (lines: string | undefined) => (lines === undefined ? "" : `\n      hooks:${lines}`);
  return `
    - target: { alias: mariadb, ref: { ${BINDING}, name: mariadb } }${hooksOf(hooks.mariadb)}
    - target: { alias: postgres, ref: { ${BINDING}, name: postgres } }${hooksOf(hooks.postgres)}
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files } }`;
}

test("databases and a volume are backed up by jobs, lost, and come back", async () => {
  const { makeBatch, backUp, run, maria, postgres, apply, untilRestored } = stand();
  const mariadb = `
        preBackup: { exec: { command: [bash, -c, "echo before >>/data/hooks"] } }
        postBackup: { exec: { command: [bash, -c, "echo after {{ .Status.Phase }} >>/data/hooks"] } }`;
  // Without a host the hook goes to the application.
  const overTcp = "\n        preBackup: { tcpSocket: { port: 5432 } }";
  await makeBatch("nightly", members({ mariadb, postgres: overTcp }), "  executionOrder: Sequential");
  const before = await everything();

  const status = await backUp("nightly");
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  const hosts = (status.targets ?? []).flatMap(({ stats }) => stats ?? []);
  expect(hosts.map(({ hostname, phase, snapshots }) => [hostname, phase, snapshots?.[0]?.path])).toEqual([
    ["mariadb", "Succeeded", "dumpfile.sql"],
    ["postgres", "Succeeded", "dumpfile.sql"],
    ["files", "Succeeded", "/stash-data"],
  ]);
  expect(hosts[1]?.hooks).toMatchObject([{ type: "preBackup", phase: "Succeeded" }]);
  expect(await run("mariadb", "server", "cat /data/hooks")).toBe("before\nafter Succeeded\n");
  const good = (status.conditions ?? []).filter((condition) => condition.status === "True").map(({ type }) => type);
  expect(good).toEqual(
    expect.arrayContaining(["RetentionPolicyApplied", "RepositoryIntegrityVerified", "RepositoryMetricsPushed"]),
  );

  await maria("DROP DATABASE shop");
  await postgres("DROP DATABASE shop WITH (FORCE)");
  await run("keeper", "keeper", "rm -r /files/sub && printf damaged >'/files/with blank'");
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreBatch
metadata: { name: back, namespace: ${NAMESPACE} }
spec:
  repository: { name: store }
  timeOut: 5m
  session: nightly-1
  members:${members()}`);
  const restore = await untilRestored("RestoreBatch", "back");
  expect(restore.status?.phase, JSON.stringify(restore.status)).toBe("Succeeded");
  expect(await everything()).toEqual(before);
});

test("a job's pod may do nothing on Secrets, Pods or rights", async () => {
  const read = (raw: unknown) => JSON.stringify(listAt(raw, "rules"));
  const { items } = await stand().client.list(KUBERNETES.Role, NAMESPACE, read, {
    labelSelector: "stash.appscode.com/agent-rights=true",
  });
  expect(items.length).toBeGreaterThan(0);
  for (const rules of items) expect(rules).not.toMatch(/secrets|pods|roles|"\*"/);
});

test("L44: volumes of claim templates are made and filled by one job an ordinal", async () => {
  const { apply, run, untilRestored } = stand();
  await apply(`
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: { name: into-claims, namespace: ${NAMESPACE} }
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
metadata: { name: reader, namespace: ${NAMESPACE}, labels: { app: reader } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - { name: reader, image: "tests/keeper:1", volumeMounts: [{ name: c, mountPath: /files }] }
  volumes: [{ name: c, persistentVolumeClaim: { claimName: copy-1 } }]`);
  expect(await run("reader", "reader", FILES)).toBe(await run("keeper", "keeper", FILES));
});

test("a Repository of another namespace serves a job by a copy of its Secret, which goes with its last user", async () => {
  const { apply, client, repository, makeBatch, backUp } = stand();
  await apply(`
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE}-vault }
---
apiVersion: v1
kind: Secret
metadata: { name: far, namespace: ${NAMESPACE}-vault }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: far, namespace: ${NAMESPACE}-vault }
spec:
  usagePolicy: { allowedNamespaces: { from: All } }
  backend:
    storageSecretName: far
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }`);
  const member = `
    - target: { alias: files, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: files } }`;
  const spec = `  repository: { name: far, namespace: ${NAMESPACE}-vault }`;
  await makeBatch("far", member, spec);
  const status = await backUp("far");
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  const copies = () =>
    client.list(KUBERNETES.Secret, NAMESPACE, asIs, { labelSelector: "stash.appscode.com/copied-from-namespace" });
  expect((await copies()).items).toHaveLength(1);
  await client.delete(KINDS.BackupBatch, NAMESPACE, "far");
  await untilGone("the copy of the Secret", async () => (await copies()).items.length === 0);
  await client.delete(KUBERNETES.Namespace, undefined, `${NAMESPACE}-vault`);
});
