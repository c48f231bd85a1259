/** One node with the product, a Repository of restic's own making and workloads whose restic commands leave their times. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import { applyManifests, parseManifests } from "../tests/support/objects/apply.ts";
import { type InstalledCluster, startInstalledCluster } from "../tests/support/product/installed-cluster.ts";

export const NAMESPACE = "bench";

export type WorkloadKind = "Deployment" | "StatefulSet";

export interface TinyStage {
  readonly cluster: InstalledCluster;
  readonly client: KubeClient;
  /** Folder of the data, on this machine. */
  readonly folder: string;
  /** Where the wrapper leaves its times. */
  readonly log: string;
  apply(...manifests: readonly string[]): Promise<void>;
}

/** Nanoseconds since the epoch around each command, one line each. */
const WRAPPER = `#!/bin/sh
begin=$(date +%s%N)
restic "$@"
code=$?
echo "$begin $(date +%s%N) $1" >> /data/log/restic
exit $code
`;

/** What makes the agent run restic through the wrapper. */
export const RUNTIME_SETTINGS = "{ container: { env: [{ name: STASH_RESTIC, value: /data/restic }] } }";

export async function startTinyStage(): Promise<TinyStage> {
  const cluster = await startInstalledCluster({
    nodeNames: ["node-a"],
    // It ends when it is told to: what is left of a pod's end is the kubelet's.
    images: { "bench/application:1": { command: ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"] } },
  });
  const folder = join(cluster.dir, "application");
  const repository = join(cluster.dir, "repository");
  await mkdir(join(folder, "files"), { recursive: true });
  await mkdir(join(folder, "log"));
  await mkdir(repository);
  await writeFile(join(folder, "files", "tiny"), "tiny");
  await writeFile(join(folder, "restic"), WRAPPER);
  await chmod(join(folder, "restic"), 0o755);
  const apply = (...manifests: readonly string[]) =>
    applyManifests(cluster.client, parseManifests(manifests.join("\n---\n")));
  await apply(`
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${NAMESPACE} }
stringData: { RESTIC_PASSWORD: bench }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${NAMESPACE} }
spec:
  backend:
    storageSecretName: backend
    local: { mountPath: /safe/repository, hostPath: { path: ${repository}, type: Directory } }
`);
  return { cluster, client: cluster.client, folder, log: join(folder, "log", "restic"), apply };
}

export function workload(kind: WorkloadKind, name: string, replicas: number, folder: string): string {
  return `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }${kind === "StatefulSet" ? `\n  serviceName: ${name}\n  podManagementPolicy: Parallel` : ""}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: bench/application:1
          volumeMounts: [{ name: files, mountPath: /data }]
      volumes:
        - { name: files, hostPath: { path: ${folder}, type: Directory } }
`;
}

/** Times of the restic commands since the log was last removed, in milliseconds since the epoch. */
export async function readIntervals(log: string): Promise<readonly (readonly [number, number])[]> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [begin = "0", end = "0"] = line.split(" ");
      return [Number(begin) / 1e6, Number(end) / 1e6] as const;
    });
}

/** Rounded. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}
