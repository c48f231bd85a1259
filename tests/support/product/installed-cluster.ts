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
import { reapFolder } from "../node/node-folder.ts";
import { type ProcessNode, startProcessNode } from "../node/process-node.ts";
import { productImage, type RunningProduct, startProduct } from "./running-product.ts";

/** What an installation needs of a control plane. */
export type PlaneAccess = Pick<ControlPlane, "kubeconfigPath" | "kubeletCa" | "kubeconfigFor">;

export interface Installation {
  readonly nodes: readonly ProcessNode[];
  /** With every right. */
  readonly client: KubeClient;
  readonly product: RunningProduct;
  /** Temporary folder of the installation. */
  readonly dir: string;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  /** Names of the nodes; one by default. */
  readonly nodes?: readonly string[];
  /** Images besides the product's. */
  readonly images?: ImageTable;
  readonly webhookFlags?: readonly string[];
  readonly reconcilerFlags?: readonly string[];
  /** Is told what was just started. */
  readonly onProgress?: (line: string) => void;
}

export interface InstalledCluster extends Installation {
  readonly controlPlane: ControlPlane;
}

/** Things to undo, newest first. */
class UndoList {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }

  /** Runs `act`; when it fails, everything so far is undone. */
  async guard<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      await this.run();
      throw error;
    }
  }
}

/** Starts nodes and product beside a control plane. When a part can't be started those before it are stopped again. */
export function install(plane: PlaneAccess, options: InstallationOptions = {}): Promise<Installation> {
  const undo = new UndoList();
  const say = options.onProgress ?? (() => undefined);
  return undo.guard(async () => {
    const { kubeconfigPath, kubeletCa, kubeconfigFor } = plane;
    const dir = await mkdtemp(join(tmpdir(), "stash-batch-cluster-"));
    // For an end that lets nothing be undone.
    const reaper = reapFolder(dir);
    undo.add(async () => {
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      reaper.dismiss();
    });
    const distFolder = join(dir, "dist");
    await buildBundles(distFolder);
    say("bundles are built");
    const connection = await findConnection({ env: {}, kubeconfigPath });
    const client = createKubeClient({ connection, program: "tests" });
    undo.add(async () => client.close());
    const images = { ...productImage(distFolder), ...options.images };
    const nodes: ProcessNode[] = [];
    await mkdir(join(dir, "nodes"));
    for (const [index, name] of (options.nodes ?? ["node-a"]).entries()) {
      const nodeDir = join(dir, "nodes", name);
      const node = await startProcessNode({
        kubeconfigPath,
        kubeletCa,
        images,
        name,
        dir: nodeDir,
        provisioner: index === 0,
      });
      undo.add(() => node.stop());
      nodes.push(node);
      say(`node ${name} runs pods as processes of this machine`);
    }
    const { webhookFlags, reconcilerFlags } = options;
    const product = await startProduct({
      client,
      kubeconfigFor,
      distFolder,
      dir: join(dir, "product"),
      ...(webhookFlags !== undefined && { webhookFlags }),
      ...(reconcilerFlags !== undefined && { reconcilerFlags }),
    });
    undo.add(() => product.stop());
    say("webhook and reconciler are ready");
    return { nodes, client, product, dir, stop: () => undo.run() };
  });
}

/** As install, with a control plane of its own. */
export function startInstalledCluster(options: InstallationOptions = {}): Promise<InstalledCluster> {
  const undo = new UndoList();
  return undo.guard(async () => {
    const controlPlane = await startControlPlane(
      options.onProgress === undefined ? {} : { onProgress: options.onProgress },
    );
    undo.add(() => controlPlane.stop());
    options.onProgress?.(`API server at ${controlPlane.serverUrl}`);
    const installation = await install(controlPlane, options);
    undo.add(() => installation.stop());
    return { ...installation, controlPlane, stop: () => undo.run() };
  });
}
