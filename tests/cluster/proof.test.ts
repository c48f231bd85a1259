/** Drills on a real node: what was backed up comes back beside the application, what is broken is found, and nothing stays. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLUGIN_FILE } from "../../scripts/build.ts";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec } from "../../shared/kube/exec/pod.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { runPlugin } from "../support/cli/plugin.ts";
import { type Runs, runsIn } from "../support/jobs/runs.ts";
import { applyFile, applyManifests, parseManifests } from "../support/objects/apply.ts";
import { folderOfClaim } from "../support/objects/claims.ts";
import { waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "proof";
const PASSWORD = "not-a-secret";
const CATALOGUE = join(import.meta.dirname, "../../manifests/catalog/pvc.yaml");
const END_MS = 90_000;
const GONE_MS = 60_000;

const product = useProduct({ reconcilerFlags: ["--pod-wait=60s"] });
let runs: Runs;
let repository: string;

const manifest = (): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: ${PASSWORD} }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: web, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: extra, namespace: ${NAMESPACE} }
spec: { accessModes: [ReadWriteOnce], storageClassName: standard, resources: { requests: { storage: 1Gi } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${NAMESPACE} }
spec:
  strategy: { type: Recreate }
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "sleep infinity"]
          volumeMounts: [{ name: web, mountPath: /data }, { name: extra, mountPath: /extra }]
      volumes:
        - { name: web, persistentVolumeClaim: { claimName: web } }
        - { name: extra, persistentVolumeClaim: { claimName: extra } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 5, prune: false }
  backupHistoryLimit: 5
  executionOrder: Sequential
  members:
    - target:
        alias: web
        ref: { apiVersion: apps/v1, kind: Deployment, name: web }
        volumeMounts: [{ name: web, mountPath: /data }]
        paths: [/data/pages, /data/uploads]
    - target: { alias: extra, ref: { apiVersion: v1, kind: PersistentVolumeClaim, name: extra } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: nightly, namespace: ${NAMESPACE} }
spec:
  invoker: { kind: BackupBatch, name: app }
  sessionHistoryLimit: 10
  timeOut: 5m
`;

const FILL = `mkdir -p /data/pages /data/uploads /extra/sub && for i in $(seq 20); do echo page $i >/data/pages/$i.html; done &&
head -c 300000 /dev/urandom >/data/uploads/picture && ln -s picture /data/uploads/link && chmod 640 /data/pages/3.html &&
chown 1234:2345 /data/pages/4.html && echo kept >/extra/sub/file`;

beforeAll(async () => {
  const { client, dir } = product();
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  runs = runsIn(client, NAMESPACE, createPodExec({ connection }));
  repository = join(dir, "proof");
  writeEmptyRepository(repository, PASSWORD);
  await applyFile(client, CATALOGUE);
  await applyManifests(client, parseManifests(manifest()));
  await waitForReadyPods(client, NAMESPACE, "app=web", 1, END_MS);
  await runs.untilReady("BackupBatch", "app");
  await runs.run("web", "app", FILL);
  await runs.begin("app");
  const session = await runs.untilEnd("app");
  expect(session.phase, JSON.stringify(session)).toBe("Succeeded");
}, 240_000);

afterAll(async () => {
  await product().client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
});

/** What the plugin prints. */
async function stash(...args: readonly string[]): Promise<string> {
  const { bundlesFolder, kubeconfigPath } = sharedPlane();
  const plugin = join(bundlesFolder, PLUGIN_FILE);
  const run = await runPlugin(plugin, [...args, "-n", NAMESPACE], { env: { KUBECONFIG: kubeconfigPath } });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  return run.stdout;
}

async function drill(name: string): Promise<void> {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const body = { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { verifier: "nightly" } };
  await product().client.create(KINDS.BackupVerificationSession, NAMESPACE, body, asIs);
}

async function untilDrill(
  name: string,
  isWanted: (status: NonNullable<BackupVerificationSession["status"]>) => boolean,
): Promise<NonNullable<BackupVerificationSession["status"]>> {
  const read = () =>
    product().client.get(KINDS.BackupVerificationSession, NAMESPACE, name, parseBackupVerificationSession);
  for (const end = performance.now() + END_MS; performance.now() < end; await sleep(50)) {
    const { status = {} } = await read();
    if (isWanted(status)) return status;
  }
  throw new Error(`drill ${name}: ${JSON.stringify((await read()).status)}`);
}

const isEnded = ({ phase = "" }: { readonly phase?: string }): boolean =>
  ["Succeeded", "Failed", "Skipped"].includes(phase);

const kinds: readonly (readonly [string, Resource])[] = [
  ["claim", KUBERNETES.PersistentVolumeClaim],
  ["batch", KINDS.RestoreBatch],
  ["job", { group: "batch", version: "v1", plural: "jobs", namespaced: true }],
  ["order", KINDS.HostRun],
  ["account", { group: "", version: "v1", plural: "serviceaccounts", namespaced: true }],
];

/** Names of what belongs to a drill, or looks as if it did. */
async function leftOf(drillName: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    kinds.map(async ([kind, resource]) => {
      const { items } = await product().client.list(resource, NAMESPACE, asIs);
      return items
        .filter((item) => (textAt(item, "metadata", "name") ?? "").includes(drillName))
        .map((item) => `${kind} ${textAt(item, "metadata", "name")}`);
    }),
  );
  return lists.flat();
}

async function untilNothingLeft(drillName: string): Promise<void> {
  for (const end = performance.now() + GONE_MS; performance.now() < end; await sleep(200)) {
    if ((await leftOf(drillName)).length === 0) return;
  }
  expect(await leftOf(drillName)).toEqual([]);
}

async function applicationPods(): Promise<readonly string[]> {
  const { items } = await product().client.list(
    { group: "", version: "v1", plural: "pods", namespaced: true },
    NAMESPACE,
    asIs,
    { labelSelector: "app=web" },
  );
  return items.map((pod) => {
    const restarts = listAt(pod, "status", "containerStatuses").map((status) => numberAt(status, "restartCount"));
    return `${textAt(pod, "metadata", "uid")} ${restarts.join()}`;
  });
}

test("a recovery point comes back beside the application, is found whole, and nothing stays", async () => {
  const { client } = product();
  const before = await applicationPods();
  const proved = await stash("prove", "app", "--wait", "-o", "name");
  const whole = proved.slice(proved.lastIndexOf("/") + 1).trim();
  const status = await untilDrill(whole, isEnded);
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
  expect(status.members).toMatchObject([
    { alias: "web", phase: "Succeeded" },
    { alias: "extra", phase: "Succeeded" },
  ]);
  expect(status.members?.[0]?.files).toBeGreaterThanOrEqual(22);
  expect(status.point?.session).toBe("app-1");
  expect(findCondition(status.conditions, "RecoveryProven")?.status).toBe("True");
  expect(findCondition(status.conditions, "Ready")?.status).toBe("True");
  expect(await applicationPods()).toEqual(before);
  await untilNothingLeft(whole);

  const store = await client.get(KINDS.Repository, NAMESPACE, "store", parseRepository);
  expect(store.status?.points).toMatchObject([{ session: "app-1", proven: { by: whole, type: "RestoreOnly" } }]);
  const batch = await client.get(KINDS.BackupBatch, NAMESPACE, "app", parseBackupBatch);
  expect(batch.status?.lastProven).toMatchObject({ by: whole, session: "app-1" });
  const verifier = await client.get(KINDS.BackupVerifier, NAMESPACE, "nightly", parseBackupVerifier);
  expect(verifier.status?.lastProven).toMatchObject({ by: whole });
  expect(findCondition(verifier.status?.conditions, "RecoveryProven")?.status).toBe("True");
  expect(await stash("proof", "app")).toContain("app-1");
});

test("a file that is missing from what came back is found and named", async () => {
  await drill("missing");
  const { volumes = [] } = await untilDrill("missing", ({ step }) => step === "Restoring");
  const claim = volumes.find(({ member }) => member === "web")?.claim ?? "";
  await untilDrill("missing", ({ step }) => step === "Verifying");
  rmSync(join(await folderOfClaim(product().client, NAMESPACE, claim), "pages", "7.html"));
  const status = await untilDrill("missing", isEnded);
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(status.message).toContain("7.html");
  expect(status.members).toMatchObject([
    { alias: "web", phase: "Failed", findings: [{ code: "RESTORED_FILE_MISSING" }] },
    { alias: "extra", phase: "Succeeded" },
  ]);
  await untilNothingLeft("missing");
});

/** The pack with the picture is by far the largest. */
function largestPack(): string {
  const data = join(repository, "data");
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return paths.reduce((largest, path) => (statSync(path).size > statSync(largest).size ? path : largest));
}

test("a pack that the store has lost is found, in restic's own words", async () => {
  rmSync(largestPack());
  await drill("lost");
  const status = await untilDrill("lost", isEnded);
  expect([status.phase, status.reason], JSON.stringify(status)).toEqual(["Failed", "RECOVERY_NOT_PROVEN"]);
  expect(status.message).toContain("web: restore of snapshot");
  expect(status.message).toContain("restic found the repository damaged");
  expect(status.members).toMatchObject([
    { alias: "web", phase: "Failed" },
    { alias: "extra", message: "web failed, and this member depends on it" },
  ]);
  await untilNothingLeft("lost");
  const verifier = await product().client.get(KINDS.BackupVerifier, NAMESPACE, "nightly", parseBackupVerifier);
  expect(findCondition(verifier.status?.conditions, "RecoveryProven")?.status).toBe("False");
});
