/** Objects that the webhook's tests on a real API server use. */
import type { Manifest } from "../objects/apply.ts";
import { parseManifests } from "../objects/apply.ts";
import { KUBERNETES } from "../objects/resources.ts";

export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet";

/** Namespace, Repository `repo`, BackupConfiguration `web-backup` of Deployment `web`, and BackupBatch `nightly`. */
export function aWorld(namespace: string): readonly Manifest[] {
  return parseManifests(`
apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: repo, namespace: ${namespace}}
spec:
  backend:
    storageSecretName: backend
    s3: {endpoint: s3.test, bucket: b}
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: {name: web-backup, namespace: ${namespace}}
spec:
  schedule: "0 3 * * *"
  repository: {name: repo}
  retentionPolicy: {name: keep, keepLast: 5, prune: true}
  runtimeSettings:
    container:
      livenessProbe: {httpGet: {path: /, port: 80}}
      env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
  target:
    ref: {apiVersion: apps/v1, kind: Deployment, name: web}
    paths: [/data]
    volumeMounts: [{name: data, mountPath: /data, readOnly: true}]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: nightly, namespace: ${namespace}}
spec:
  schedule: "0 3 * * *"
  repository: {name: repo}
  retentionPolicy: {name: keep, keepLast: 5, prune: true}
`);
}

/** A workload whose pods no node takes: one container \`app\` that mounts the volume \`data\`. */
export function aWorkload(kind: WorkloadKind, namespace: string, name: string, metadata: object = {}): Manifest {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, ...metadata },
    spec: {
      ...(kind !== "DaemonSet" && { replicas: 0 }),
      ...(kind === "StatefulSet" && { serviceName: name }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          nodeSelector: { nowhere: "true" },
          containers: [{ name: "app", image: "nginx:1.25", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
          volumes: [{ name: "data", emptyDir: {} }],
        },
      },
    },
  };
}

export const resourceOfWorkload = (kind: string) =>
  kind === "StatefulSet" ? KUBERNETES.StatefulSet : kind === "DaemonSet" ? KUBERNETES.DaemonSet : KUBERNETES.Deployment;

/** Labels and annotations by which a workload joins the batch `nightly`. */
export const JOINED = {
  labels: { "stash.appscode.com/backup-batch": "nightly" },
  annotations: { "stash.appscode.com/volume-mounts": "data:/data" },
};
