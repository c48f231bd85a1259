/** A stand for tests of the reconciler's process: a real API server behind a proxy, with pods, agents and hooks standing in. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { buildBundles } from "../../../scripts/build.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import { openTestClient } from "../kube/test-client.ts";
import { applyManifests, parseManifests } from "../objects/apply.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { type ApiProxy, startApiProxy } from "./api-proxy.ts";
import { applyApplication, batchManifest, type HookServer, startHookServer } from "./batch-without-nodes.ts";
import { type ReconcilerProcess, startReconcilerProcess } from "./reconciler-process.ts";
import { type StandInAgents, startStandInAgents } from "./stand-in-agents.ts";

export interface SessionStand {
  readonly namespace: string;
  /** Past the proxy. */
  readonly client: KubeClient;
  readonly proxy: ApiProxy;
  readonly hooks: HookServer;
  readonly agents: StandInAgents;
  /** Starts a reconciler that reaches the API server through the proxy. */
  startReconciler(...flags: readonly string[]): Promise<ReconcilerProcess>;
  /** One that can't get ready: waits for these words in its log. */
  startUnready(until: string, ...flags: readonly string[]): Promise<ReconcilerProcess>;
  stop(): Promise<void>;
}

export interface SessionStandOptions {
  readonly kubeconfigPath: string;
  /** Made for the stand, with a batch of two members called `nightly`. */
  /** Folder of the bundles; made anew by default. */
  readonly bundlesFolder?: string;
  readonly namespace: string;
  /** Further lines of the batch's spec, each indented by two blanks. */
  readonly spec?: string;
}

export function proxyKubeconfig(url: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    // The library wants to hear it said that nothing is encrypted.
    clusters: [{ name: "proxy", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "nobody", user: {} }],
    contexts: [{ name: "proxy", context: { cluster: "proxy", user: "nobody" } }],
    "current-context": "proxy",
  });
}

export async function startSessionStand(options: SessionStandOptions): Promise<SessionStand> {
  const { namespace } = options;
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-session-stand-"));
  const { client, connection } = await openTestClient(options.kubeconfigPath);
  const proxy = await startApiProxy(connection);
  const kubeconfigPath = join(dir, "kubeconfig");
  await writeFile(kubeconfigPath, proxyKubeconfig(proxy.url));
  const hooks = await startHookServer();
  const distFolder = options.bundlesFolder ?? join(dir, "dist");
  if (options.bundlesFolder === undefined) await buildBundles(distFolder);
  await applyApplication(client, namespace);
  await applyManifests(client, parseManifests(batchManifest(namespace, hooks.port, options.spec ?? "")));
  const agents = await startStandInAgents(client, namespace);
  const reconcilers: ReconcilerProcess[] = [];
  const start = async ({ flags, until }: { readonly flags: readonly string[]; readonly until?: string }) => {
    const all = [`--watch-namespace=${namespace}`, ...flags];
    const waited = until === undefined ? {} : { until };
    const reconciler = await startReconcilerProcess({ distFolder, kubeconfigPath, flags: all, ...waited });
    reconcilers.push(reconciler);
    return reconciler;
  };
  return {
    namespace,
    client,
    proxy,
    hooks,
    agents,
    startReconciler: (...flags) => start({ flags }),
    startUnready: (until, ...flags) => start({ flags, until }),
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
