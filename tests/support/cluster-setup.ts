/**
 * Starts the clusters that the files of the cluster suite share, one for each worker, and stops them when all have run. A
 * test that kills or compacts starts its own.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { BUNDLES_FOLDER } from "../../scripts/image-root/contents.ts";
import type { ImageProgram } from "../../scripts/images/product-image.ts";
import { SUITE_IMAGES } from "./images/suite-images.ts";
import { AUDITED_USER, type Audit, prepareAudit } from "./install/audit.ts";
import { type Cluster, startCluster } from "./node/cluster.ts";
import { PRODUCT_IMAGE } from "./product/running-product.ts";

interface Started {
  readonly cluster: Cluster;
  readonly audit: Audit;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started: Started[] = [];
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-suite-"));
  const stop = async () => {
    await Promise.all(started.map(({ cluster }) => cluster.stop()));
    await rm(dir, { recursive: true, force: true });
  };
  // One after the other: the first makes what the next finds in the cache.
  for (let worker = 0; worker < project.config.maxWorkers; worker++) {
    try {
      started.push(await start(join(dir, `${worker}`), started[0]?.cluster.program));
    } catch (error) {
      await stop();
      throw error;
    }
  }
  project.provide(
    "clusters",
    started.map(({ cluster: { controlPlane, nodes, gateway, program }, audit }) => {
      const { kubeconfigPath, serverUrl, caPem, programsDir, kubeletCa } = controlPlane;
      const bundlesFolder = join(program.folder, BUNDLES_FOLDER);
      const facts = nodes.map(({ name, address, podsDir, cgroup }) => ({ name, address, podsDir, cgroup }));
      const { logPath: auditLogPath } = audit;
      return {
        ...{ kubeconfigPath, serverUrl, caPem, programsDir, kubeletCa, gateway },
        ...{ nodes: facts, program, bundlesFolder, auditLogPath },
      };
    }),
  );
  return stop;
}

async function start(auditFolder: string, program: ImageProgram | undefined): Promise<Started> {
  await mkdir(auditFolder);
  const audit = await prepareAudit(auditFolder, [AUDITED_USER]);
  const cluster = await startCluster({
    nodeNames: ["node-a"],
    productNames: [PRODUCT_IMAGE],
    images: SUITE_IMAGES,
    extraApiServerFlags: audit.flags,
    program,
  });
  return { cluster, audit };
}
