/** Everything that a run of the product needs at once: a control plane, nodes that run pods, and the product beside them. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBundles } from "../../../scripts/build.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { findConnection } from "../../../shared/kube/connect.ts";
import { createKubeClient } from "../../../shared/kube/http-client.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import type { ImageTable } from "../node/image-table.ts";
import { type ProcessNode, startProcessNode } from "../node/process-node.ts";
import { productImage, type RunningProduct, startProduct } from "./running-product.ts";

export interface InstalledCluster {
  readonly controlPlane: ControlPlane;
  readonly nodes: readonly ProcessNode[];
  /** With every right. */
  readonly client: KubeClient;
  readonly product: RunningProduct;
  /** Temporary folder of the installation. */
  readonly dir: string;
  stop(): Promise<void>;
}

export interface InstalledClusterOptions {
  /** Names of the nodes; one by default. */
  readonly nodes?: readonly string[];
  /** Images besides the product's. */
  readonly images?: ImageTable;
  readonly reconcilerFlags?: readonly string[];
}

/** Starts all of it. When a part can't be started those before it are stopped again. */
export async function startInstalledCluster(options: InstalledClusterOptions = {}): Promise<InstalledCluster> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const dir = await mkdtemp(join(tmpdir(), "stash-batch-cluster-"));
    undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
    const distFolder = join(dir, "dist");
    const [controlPlane] = await Promise.all([startControlPlane(), buildBundles(distFolder)]);
    undo.push(() => controlPlane.stop());
    const { kubeconfigPath, kubeletCa } = controlPlane;
    const client = createKubeClient({
      connection: await findConnection({ env: {}, kubeconfigPath }),
      program: "tests",
    });
    undo.push(async () => client.close());
    const images = { ...productImage(distFolder), ...options.images };
    const nodes: ProcessNode[] = [];
    await mkdir(join(dir, "nodes"));
    for (const [index, name] of (options.nodes ?? ["node-a"]).entries()) {
      const node = await startProcessNode({
        kubeconfigPath,
        kubeletCa,
        images,
        name,
        dir: join(dir, "nodes", name),
        provisioner: index === 0,
      });
      undo.push(() => node.stop());
      nodes.push(node);
    }
    const product = await startProduct({
      client,
      kubeconfigFor: controlPlane.kubeconfigFor,
      distFolder,
      dir: join(dir, "product"),
      ...(options.reconcilerFlags !== undefined && { reconcilerFlags: options.reconcilerFlags }),
    });
    undo.push(() => product.stop());
    return { controlPlane, nodes, client, product, dir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
