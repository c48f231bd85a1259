/** A pod that may store little on its node: what the sidecar stores does not evict the application. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { findConnection } from "../../shared/kube/connect.ts";
import { createPodExec } from "../../shared/kube/exec.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { listPods, waitForContainer, waitForPods } from "../support/objects/pods.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "harmless-scratch";
const TIMEOUT_MS = 90_000;

const cluster = useProduct();

const MANIFESTS = `
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
spec: { backend: { storageSecretName: backend, rest: { url: "http://127.0.0.1:1/" } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && sleep infinity"]
          resources: { limits: { ephemeral-storage: 64Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: app, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: app }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: [/data]
`;

test("D9: 100 MiB of scratch in a pod whose application may store 64 MiB evict nobody; the application's own do", async () => {
  const { client } = cluster();
  await applyManifests(client, parseManifests(MANIFESTS));
  const [pod] = await waitForContainer(client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  const exec = createPodExec({ connection });
  const fill = async (container: string, command: readonly string[]) => {
    const result = await exec({ namespace: NAMESPACE, pod: pod?.name ?? "", container, command, timeoutMs: 30_000 });
    expect(result.stderr).toBe("");
  };
  await fill("stash", ["node", "-e", "require('fs').writeFileSync('/stash-tmp/fill', Buffer.alloc(100 << 20, 1))"]);
  // The kubelet looks each 10 s, at sizes that are a minute old at most.
  for (const until = performance.now() + 75_000; performance.now() < until; await sleep(5_000)) {
    const [now] = await listPods(client, NAMESPACE, "app=app");
    expect([now?.uid, now?.phase, now?.isReady]).toEqual([pod?.uid, "Running", true]);
  }

  // That limits are looked at here at all: beyond the sum of both the pod goes.
  await fill("app", ["sh", "-c", "head -c 1200000000 /dev/zero >/data/fill"]);
  const at = { namespace: NAMESPACE, selector: "app=app", timeoutMs: 120_000, what: "waited for an eviction" };
  await waitForPods(client, at, (pods) => pods.some(({ uid, phase }) => uid === pod?.uid && phase === "Failed"));
}, 300_000);
