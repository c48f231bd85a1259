/** An application of files and a database with one recovery point, and a verifier of it: as objects, nothing of them runs. */
import { KINDS } from "../../../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { applyManifests, parseManifests } from "../objects/apply.ts";

const TIME = "2026-05-01T10:00:00Z";

const APPLICATION = `
apiVersion: v1
kind: Namespace
metadata: { name: NAMESPACE }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: NAMESPACE }
spec: { backend: { storageSecretName: backend, rest: { url: "http://127.0.0.1:1/" } } }
---
apiVersion: appcatalog.appscode.com/v1alpha1
kind: AppBinding
metadata: { name: shop-db, namespace: NAMESPACE }
spec:
  type: kubedb.com/mariadb
  version: "10.11"
  clientConfig: { service: { scheme: mysql, name: shop-db, port: 3306 } }
  secret: { name: shop-auth }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: app, namespace: NAMESPACE }
spec:
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 1, prune: false }
  members:
    - target: { alias: web, ref: { apiVersion: apps/v1, kind: Deployment, name: web } }
    - target: { alias: db, ref: { apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: shop-db } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupSession
metadata: { name: s-1, namespace: NAMESPACE }
spec: { invoker: { kind: BackupBatch, name: app }, dueTime: "${TIME}" }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: nightly, namespace: NAMESPACE }
spec: { invoker: { kind: BackupBatch, name: app }, storage: { storageClassName: none } }
`;

const SAVED = {
  phase: "Succeeded",
  completionTime: TIME,
  targets: [
    {
      ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      alias: "web",
      totalHosts: 1,
      phase: "Succeeded",
      stats: [
        {
          hostname: "web",
          phase: "Succeeded",
          snapshots: [
            { name: "a1", path: "/data/a", sizeBytes: 1_000 },
            { name: "b1", path: "/srv/b", sizeBytes: 1_000 },
          ],
        },
      ],
    },
    {
      ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "shop-db" },
      alias: "db",
      totalHosts: 1,
      phase: "Succeeded",
      stats: [
        { hostname: "db", phase: "Succeeded", snapshots: [{ name: "d1", path: "dumpfile.sql", sizeBytes: 1_000 }] },
      ],
    },
  ],
};

/** @param namespace is made */
export async function makeDrilledApplication(client: KubeClient, namespace: string): Promise<void> {
  await applyManifests(client, parseManifests(APPLICATION.replaceAll("NAMESPACE", namespace)));
  const statusOf = (status: object) => ({ kind: "merge", body: { status } }) as const;
  await client.patchStatus(KINDS.BackupSession, namespace, "s-1", statusOf(SAVED), asIs);
  const points = { points: [{ session: "s-1", namespace, time: TIME, complete: true }] };
  await client.patchStatus(KINDS.Repository, namespace, "store", statusOf(points), asIs);
}
