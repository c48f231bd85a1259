/** A whole cluster on this machine: control plane, real nodes, names of Services, volumes for claims, and images. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageProgram } from "../../../scripts/images/product-image.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../control-plane/control-plane.ts";
import { findPrograms } from "../control-plane/programs.ts";
import { superviseProcesses } from "../control-plane/supervised-processes.ts";
import { makeClusterImages } from "../images/cluster-images.ts";
import type { TestImages } from "../images/test-image.ts";
import { type ClusterNode, startNode } from "./node.ts";

export interface Cluster {
  readonly controlPlane: ControlPlane;
  readonly nodes: readonly ClusterNode[];
  /** This machine's address in the network of nodes and pods. */
  readonly gateway: string;
  readonly program: ImageProgram;
  stop(): Promise<void>;
}

export interface ClusterOptions extends Omit<ControlPlaneOptions, "nodes"> {
  /** Names of the nodes; at most three. */
  readonly nodeNames: readonly string[];
  /** Names of the product's image. */
  readonly productNames: readonly string[];
  /** Images besides the product's. */
  readonly images: TestImages;
  /** Our own program, of another cluster that goes on as long as this one starts. Default: it is built from the present source. */
  readonly program?: ImageProgram | undefined;
}

/** Starts a cluster. Nothing of it can outlive this process. @throws Error when a part can't be started */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { nodeNames, productNames, images, program, ...planeOptions } = options;
  const onProgress = options.onProgress ?? ((line) => process.stderr.write(`${line}\n`));
  const dir = join(tmpdir(), `stash-batch-services-${randomBytes(4).toString("hex")}`);
  const processes = await superviseProcesses(dir, (name, how) => {
    onProgress(`the cluster's ${name} ended by itself: ${how}`);
  });
  const started: { stop(): Promise<void> }[] = [{ stop: () => processes.finish() }];
  const stop = async (): Promise<void> => {
    for (let last = started.pop(); last !== undefined; last = started.pop()) await last.stop();
  };
  try {
    const programs = await findPrograms(onProgress);
    const [controlPlane, made] = await Promise.all([
      startControlPlane({ ...planeOptions, onProgress, nodes: true }).then((plane) => {
        started.push(plane);
        return plane;
      }),
      makeClusterImages(programs.dir, productNames, images, join(dir, "images"), onProgress, program),
    ]);
    const { network, endpoint, kubeconfigPath } = controlPlane;
    if (network === undefined) throw new Error("the control plane has no network");
    const volumes = join(dir, "volumes");
    await mkdir(volumes);
    await processes.start("services", {
      program: process.execPath,
      args: [join(import.meta.dirname, "cluster-services.ts"), kubeconfigPath, network.gateway, volumes],
      logPath: join(dir, "services.log"),
    });
    const { store, archive } = made;
    const nodes = await Promise.all(
      nodeNames.map(async (name, index) => {
        const node = await startNode({ name, number: index + 1, network, endpoint, programs, store, images: archive });
        started.push(node);
        return node;
      }),
    );
    return { controlPlane, nodes, gateway: network.gateway, program: made.program, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
