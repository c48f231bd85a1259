/** The whole product on the shared control plane, for a file of tests: nodes, webhook and reconciler from their bundles. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import { buildBundles } from "../../../scripts/build.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { findConnection } from "../../../shared/kube/connect.ts";
import { createKubeClient } from "../../../shared/kube/http-client.ts";
import { makeUserKubeconfig } from "../control-plane/kubeconfig.ts";
import type { ImageTable } from "../node/image-table.ts";
import { type ProcessNode, startProcessNode } from "../node/process-node.ts";
import { productImage, type RunningProduct, startProduct } from "./running-product.ts";

export interface ProductCluster {
  readonly client: KubeClient;
  readonly product: RunningProduct;
  readonly nodes: readonly ProcessNode[];
  /** Folder of this file of tests; a place for repositories. Any user may read it. */
  readonly dir: string;
}

export interface ProductClusterOptions {
  /** Names of the nodes; different in every file. */
  readonly nodes: readonly string[];
  readonly images?: ImageTable;
  readonly webhookFlags?: readonly string[];
  readonly reconcilerFlags?: readonly string[];
}

/** Starts everything before the tests of the file, and ends it after them. */
export function useProduct(options: ProductClusterOptions): () => ProductCluster {
  let cluster: ProductCluster | undefined;
  const undo: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "stash-batch-product-"));
    undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
    const distFolder = join(dir, "dist");
    await buildBundles(distFolder);
    const kubeconfigPath = inject("kubeconfig");
    const { serverUrl, kubeletCa } = inject("controlPlane");
    const connection = await findConnection({ env: {}, kubeconfigPath });
    const client = createKubeClient({ connection, program: "tests" });
    undo.push(async () => client.close());
    const nodes: ProcessNode[] = [];
    for (const [index, name] of options.nodes.entries()) {
      const node = await startProcessNode({
        name,
        kubeconfigPath,
        kubeletCa,
        images: { ...productImage(distFolder), ...options.images },
        dir: join(dir, name),
        provisioner: index === 0,
      });
      undo.push(() => node.stop());
      nodes.push(node);
    }
    await mkdir(join(dir, "kubeconfigs"));
    const product = await startProduct({
      client,
      async kubeconfigFor(user, groups) {
        const path = join(dir, "kubeconfigs", `${user.replaceAll(":", "-")}.yaml`);
        await writeFile(path, await makeUserKubeconfig(serverUrl, user, groups), { mode: 0o600 });
        return path;
      },
      distFolder,
      dir: join(dir, "product"),
      ...(options.webhookFlags !== undefined && { webhookFlags: options.webhookFlags }),
      ...(options.reconcilerFlags !== undefined && { reconcilerFlags: options.reconcilerFlags }),
    });
    undo.push(() => product.stop());
    cluster = { client, product, nodes, dir };
  });

  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  return () => {
    if (cluster === undefined) throw new Error("the product has not started");
    return cluster;
  };
}
