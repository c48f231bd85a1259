/** A node that loses its power: its objects stay as they were, and turn NotReady in time. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { eventually } from "../support/eventually.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { type InstalledCluster, startInstalledCluster } from "../support/product/installed-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "node-lost";
const TIMEOUT_MS = 120_000;

let cluster: InstalledCluster;

beforeAll(async () => {
  cluster = await startInstalledCluster({
    nodeNames: ["node-a", "node-b"],
    images: { "app:1": {} },
    program: sharedPlane().program,
    reconcilerFlags: ["--heartbeat-stale=5s"],
  });
  const { client, dir } = cluster;
  const repository = join(dir, "repository");
  const data = join(dir, "data");
  await Promise.all([mkdir(repository), mkdir(data)]);
  await writeFile(join(data, "file"), "kept");
  await applyManifests(
    client,
    parseManifests(`
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: logs, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: logs } }
  template:
    metadata: { labels: { app: logs } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - { name: app, image: "app:1", volumeMounts: [{ name: data, mountPath: /data }] }
      volumes: [{ name: data, hostPath: { path: ${data}, type: Directory } }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  timeOut: 90s
  members:
    - target:
        alias: logs
        ref: { apiVersion: apps/v1, kind: DaemonSet, name: logs }
        volumeMounts: [{ name: data, mountPath: /data }]
        paths: [/data]
`),
  );
  await waitForContainer(client, NAMESPACE, "app=logs", "stash", 2, TIMEOUT_MS);
  const batch = () => client.get(KINDS.BackupBatch, NAMESPACE, "nightly", asIs);
  await eventually(batch, (object) => textAt(object, "status", "phase") === "Ready");
}, 240_000);

afterAll(() => cluster?.stop());

async function backUp(name: string): Promise<BackupSession> {
  const { client } = cluster;
  await client.create(
    KINDS.BackupSession,
    NAMESPACE,
    {
      apiVersion: KINDS.BackupSession.apiVersion,
      kind: "BackupSession",
      metadata: { name, namespace: NAMESPACE },
      spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "nightly" } },
    },
    asIs,
  );
  const read = () => client.get(KINDS.BackupSession, NAMESPACE, name, parseBackupSession);
  return eventually(read, ({ status }) => isFinalSessionPhase(status?.phase), TIMEOUT_MS);
}

function hostsOf({ status }: BackupSession) {
  return (status?.targets?.[0]?.stats ?? []).map(({ hostname, phase }) => [hostname, phase]).sort();
}

test("the hosts of a DaemonSet are saved; when a node is lost the session ends, and says which host was not saved", async () => {
  const whole = await backUp("whole");
  expect(whole.status?.phase, JSON.stringify(whole.status)).toBe("Succeeded");
  expect(hostsOf(whole)).toEqual([
    ["logs-node-a", "Succeeded"],
    ["logs-node-b", "Succeeded"],
  ]);

  await cluster.stopNode("node-b");
  const readyOf = async (name: string) => {
    const node = await cluster.client.get(KUBERNETES.Node, undefined, name, asIs);
    return textAt(
      objectsAt(node, "status", "conditions").find(({ type }) => type === "Ready"),
      "status",
    );
  };
  const isLost = (status: string | undefined) => status === "Unknown";
  await eventually(() => readyOf("node-b"), isLost, TIMEOUT_MS);
  // On a busy machine the other node may be late with its heartbeats as well.
  await eventually(() => readyOf("node-a"), "True", TIMEOUT_MS);

  const partial = await backUp("partial");
  expect(partial.status?.phase, JSON.stringify(partial.status)).toBe("Failed");
  const saved = hostsOf(partial).filter(([, phase]) => phase === "Succeeded");
  expect(saved.map(([host]) => host)).not.toContain("logs-node-b");
  expect(JSON.stringify(partial.status)).toContain("node-b");
}, 300_000);
