/**
 * Starts the clusters that the files of the cluster suite share, one for each worker, and stops them when all have run. A
 * test that kills or compacts starts its own.
 */
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { BUNDLES_FOLDER } from "../../scripts/image-root/contents.ts";
import { SUITE_IMAGES } from "./images/suite-images.ts";
import { type Cluster, startCluster } from "./node/cluster.ts";
import { PRODUCT_IMAGE } from "./product/running-product.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started: Cluster[] = [];
  // One after the other: the first makes what the next finds in the cache.
  for (let worker = 0; worker < project.config.maxWorkers; worker++) {
    started.push(
      await startCluster({ nodeNames: ["node-a"], productNames: [PRODUCT_IMAGE], images: SUITE_IMAGES }).catch(
        async (error: unknown) => {
          await Promise.all(started.map((cluster) => cluster.stop()));
          throw error;
        },
      ),
    );
  }
  project.provide(
    "clusters",
    started.map(({ controlPlane, nodes, gateway, programFolder }) => {
      const { kubeconfigPath, serverUrl, caPem, programsDir, kubeletCa } = controlPlane;
      const bundlesFolder = join(programFolder, BUNDLES_FOLDER);
      const facts = nodes.map(({ name, address, podsDir, cgroup }) => ({ name, address, podsDir, cgroup }));
      return { kubeconfigPath, serverUrl, caPem, programsDir, kubeletCa, gateway, nodes: facts, bundlesFolder };
    }),
  );
  return async () => {
    await Promise.all(started.map((cluster) => cluster.stop()));
  };
}
