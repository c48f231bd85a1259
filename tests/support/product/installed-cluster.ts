/** Everything that a run of the product needs at once: a cluster, and the product beside it. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLES_FOLDER } from "../../../scripts/image-root/contents.ts";
import type { ImageProgram } from "../../../scripts/images/product-image.ts";
import { createKubeClient } from "../../../shared/kube/client/http.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { reapFolder } from "../control-plane/folder-reaper.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import type { TestImages } from "../images/test-image.ts";
import { startCluster } from "../node/cluster.ts";
import type { ClusterNode, NodeFacts } from "../node/node.ts";
import { PRODUCT_IMAGE, type RunningProduct, startProduct } from "./running-product.ts";

/** What an installation needs of a cluster. */
export interface ClusterAccess extends Pick<ControlPlane, "kubeconfigPath" | "kubeconfigFor"> {
  readonly nodes: readonly NodeFacts[];
  readonly gateway: string;
  /** Folder of the product's bundles. */
  readonly bundlesFolder: string;
}

export interface Installation {
  readonly nodes: readonly NodeFacts[];
  /** This machine's address in the network of nodes and pods. */
  readonly gateway: string;
  /** With every right. */
  readonly client: KubeClient;
  readonly product: RunningProduct;
  /** Temporary folder of the installation. */
  readonly dir: string;
  stop(): Promise<void>;
}

export interface InstallationOptions {
  readonly webhookFlags?: readonly string[];
  readonly reconcilerFlags?: readonly string[];
  /** Is told what was just started. */
  readonly onProgress?: (line: string) => void;
}

export interface InstalledClusterOptions extends InstallationOptions {
  /** Names of the nodes. */
  readonly nodeNames: readonly string[];
  /** Images besides the product's. */
  readonly images?: TestImages;
  /** As of startCluster. */
  readonly program?: ImageProgram;
}

export interface InstalledCluster extends Installation {
  /** Folder of the bundles that the programs are started from. */
  readonly bundlesFolder: string;
  /** A node's loss of power. */
  stopNode(name: string): Promise<void>;
  /** Its programs can be killed and started one by one. */
  nodeNamed(name: string): ClusterNode;
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

/** Starts the product beside a cluster. When a part can't be started those before it are stopped again. */
export function install(cluster: ClusterAccess, options: InstallationOptions = {}): Promise<Installation> {
  const undo = new UndoList();
  const say = options.onProgress ?? (() => undefined);
  return undo.guard(async () => {
    const { kubeconfigPath, kubeconfigFor, nodes, gateway, bundlesFolder } = cluster;
    const dir = await mkdtemp(join(tmpdir(), "stash-batch-cluster-"));
    // For an end that lets nothing be undone.
    const reaper = reapFolder(dir);
    undo.add(async () => {
      removeFolder(dir);
      reaper.dismiss();
    });
    const connection = await findConnection({ env: {}, kubeconfigPath });
    const client = createKubeClient({ connection, program: "tests" });
    undo.add(async () => client.close());
    const { webhookFlags, reconcilerFlags } = options;
    const product = await startProduct({
      client,
      kubeconfigFor,
      distFolder: bundlesFolder,
      dir: join(dir, "product"),
      ...(webhookFlags !== undefined && { webhookFlags }),
      ...(reconcilerFlags !== undefined && { reconcilerFlags }),
    });
    undo.add(() => product.stop());
    say("webhook and reconciler are ready");
    return { nodes, gateway, client, product, dir, stop: () => undo.run() };
  });
}

/** As install, with a cluster of its own. */
export function startInstalledCluster(options: InstalledClusterOptions): Promise<InstalledCluster> {
  const undo = new UndoList();
  return undo.guard(async () => {
    const { nodeNames, images = {}, program, onProgress } = options;
    const cluster = await startCluster({
      nodeNames,
      images,
      productNames: [PRODUCT_IMAGE],
      program,
      ...(onProgress !== undefined && { onProgress }),
    });
    undo.add(() => cluster.stop());
    const { controlPlane, nodes, gateway } = cluster;
    onProgress?.(`API server at ${controlPlane.serverUrl}, nodes ${nodeNames.join(" and ")}`);
    const { kubeconfigPath, kubeconfigFor } = controlPlane;
    const bundlesFolder = join(cluster.program.folder, BUNDLES_FOLDER);
    const installation = await install({ kubeconfigPath, kubeconfigFor, nodes, gateway, bundlesFolder }, options);
    undo.add(() => installation.stop());
    const stopNode = async (name: string) => nodes.find((node) => node.name === name)?.stop();
    const nodeNamed = (name: string): ClusterNode => {
      const node = nodes.find((one) => one.name === name);
      if (node === undefined) throw new Error(`there is no node ${name}`);
      return node;
    };
    return { ...installation, bundlesFolder, controlPlane, stopNode, nodeNamed, stop: () => undo.run() };
  });
}
