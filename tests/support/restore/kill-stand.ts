/**
 * A stand for tests of the reconciler's process while it restores: a real API server behind a proxy, and a batch of two members
 * whose pods, agents and hooks stand in for real ones.
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import { eventually } from "../eventually.ts";
import { openTestClient } from "../kube/test-client.ts";
import { applyManifests, parseManifests } from "../objects/apply.ts";
import { followOne } from "../objects/follow.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { type ApiProxy, startApiProxy } from "../session/api-proxy.ts";
import { type HookServer, startHookServer } from "../session/batch-without-nodes.ts";
import { type ReconcilerProcess, startReconcilerProcess } from "../session/reconciler-process.ts";
import { proxyKubeconfig } from "../session/session-stand.ts";
import { type RestoreFate, startStandInRestoreAgents } from "./stand-in-agents.ts";
import { letPodsWait } from "./waiting-pods.ts";

/** Name of each restore: the workloads' init-containers wait for it. */
export const RESTORE = "back";

export interface RestoreKillStand {
  readonly namespace: string;
  /** Past the proxy. */
  readonly client: KubeClient;
  readonly proxy: ApiProxy;
  readonly hooks: HookServer;
  startReconciler(): Promise<ReconcilerProcess>;
  /** Deletes the restore, with what is left of it; a reconciler must be there to let it go. */
  clear(): Promise<void>;
  /** Makes the restore. @param before whether it has a global preRestore hook */
  restore(before: boolean): Promise<void>;
  /** @throws Error with the restore's status when it does not become so in time, or the signal aborts */
  untilRestore(isAsWanted: (restore: RestoreBatch) => boolean, signal?: AbortSignal): Promise<RestoreBatch>;
  stop(): Promise<void>;
}

const END_MS = 60_000;
const POLL_MS = 20;

function workload(kind: string, name: string, spec: readonly string[]): string {
  return `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}, namespace: NAMESPACE }
spec:
  ${spec.join("\n  ")}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      initContainers:
        - { name: stash-init, image: none, args: [restore, --invoker-kind=RestoreBatch, --invoker-name=${RESTORE}] }
      containers:
        - { name: app, image: none }
---`;
}

const APPLICATION = `
apiVersion: v1
kind: Namespace
metadata: { name: NAMESPACE }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: NAMESPACE }
spec:
  backend: { rest: { url: "http://127.0.0.1:1/" } }
---
${workload("StatefulSet", "db", ["replicas: 2", "serviceName: db", "podManagementPolicy: Parallel"])}
${workload("Deployment", "web", ["replicas: 1"])}
`;

function restoreManifest(namespace: string, port: number, before: boolean): string {
  const hook = (path: string) =>
    `{ httpPost: { host: 127.0.0.1, port: ${port}, path: ${path}, scheme: HTTP, body: "{{ .Name }}" } }`;
  const member = (alias: string, kind: string) =>
    `{ target: { alias: ${alias}, ref: { apiVersion: apps/v1, kind: ${kind}, name: ${alias} }, rules: [{ paths: [/data] }] } }`;
  return `
apiVersion: stash.appscode.com/v1beta1
kind: RestoreBatch
metadata: { name: ${RESTORE}, namespace: ${namespace} }
spec:
  repository: { name: store }
  executionOrder: Sequential
  session: nightly-1
  retryConfig: { maxRetry: 1, delay: 0s }
  hooks: { ${before ? `preRestore: ${hook("/before")}, ` : ""}postRestore: ${hook("/after")} }
  members:
    - ${member("db", "StatefulSet")}
    - ${member("web", "Deployment")}
`;
}

/** @param namespace made for the stand */
export async function startRestoreKillStand(options: {
  readonly kubeconfigPath: string;
  /** Folder of the bundles. */
  readonly bundlesFolder: string;
  readonly namespace: string;
  readonly fate: RestoreFate;
}): Promise<RestoreKillStand> {
  const { namespace } = options;
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-restore-stand-"));
  const { client, connection } = await openTestClient(options.kubeconfigPath);
  const proxy = await startApiProxy(connection);
  const kubeconfigPath = join(dir, "kubeconfig");
  const distFolder = options.bundlesFolder;
  await writeFile(kubeconfigPath, proxyKubeconfig(proxy.url));
  const hooks = await startHookServer();
  await applyManifests(client, parseManifests(APPLICATION.replaceAll("NAMESPACE", namespace)));
  await Promise.all([letPodsWait(client, namespace, "app=db", 2), letPodsWait(client, namespace, "app=web", 1)]);
  const agents = await startStandInRestoreAgents(client, namespace, options.fate);
  const reconcilers: ReconcilerProcess[] = [];
  const find = () => client.find(KINDS.RestoreBatch, namespace, RESTORE, parseRestoreBatch);

  return {
    namespace,
    client,
    proxy,
    hooks,
    async startReconciler() {
      const flags = [`--watch-namespace=${namespace}`, "--leader-elect=false"];
      const reconciler = await startReconcilerProcess({ distFolder, kubeconfigPath, flags });
      reconcilers.push(reconciler);
      return reconciler;
    },
    async clear() {
      await client.delete(KINDS.RestoreBatch, namespace, RESTORE);
      // A finalizer of ours holds it while an after-hook may be owed.
      await eventually(find, undefined, END_MS, POLL_MS);
      // The garbage collector takes its time, and a job of the old one would be in the way of the new one's.
      await client.delete(KUBERNETES.Job, namespace, `stash-restore-${RESTORE}-points`, {
        propagationPolicy: "Background",
      });
      hooks.calls.length = 0;
    },
    async restore(before) {
      await applyManifests(client, parseManifests(restoreManifest(namespace, hooks.port, before)));
    },
    untilRestore(isAsWanted, signal) {
      const isThere = (found?: RestoreBatch): found is RestoreBatch => {
        signal?.throwIfAborted();
        return found !== undefined && isAsWanted(found);
      };
      return followOne(client, KINDS.RestoreBatch, namespace, RESTORE, parseRestoreBatch, (read) =>
        eventually(read, isThere, END_MS, POLL_MS),
      );
    },
    async stop() {
      for (const reconciler of reconcilers) reconciler.kill();
      await Promise.all(reconcilers.map(({ ended }) => ended));
      await agents.stop();
      await client.delete(KUBERNETES.Namespace, undefined, namespace);
      await proxy.stop();
      await hooks.stop();
      client.close();
      removeFolder(dir);
    },
  };
}
