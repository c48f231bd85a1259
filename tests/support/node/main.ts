/**
 * A program: runs a cluster with nodes until it is interrupted, for trying things out by hand and for tests that kill it.
 * Prints one line of JSON when it is ready: kubeconfig, programs (kubectl too), and what it holds on this machine.
 *
 * usage: node tests/support/node/main.ts [NODE]...   (names of nodes; node-a by default)
 */
import { dirname } from "node:path";
import { SUITE_IMAGES } from "../images/suite-images.ts";
import { PRODUCT_IMAGE } from "../product/running-product.ts";
import { startCluster } from "./cluster.ts";

const names = process.argv.slice(2);
const cluster = await startCluster({
  nodeNames: names.length > 0 ? names : ["node-a"],
  productNames: [PRODUCT_IMAGE],
  images: SUITE_IMAGES,
});
const { kubeconfigPath, programsDir, dir, network } = cluster.controlPlane;
console.log(
  JSON.stringify({
    kubeconfigPath,
    programsDir,
    bridge: network?.bridge,
    folders: [dir, ...cluster.nodes.map(({ podsDir }) => dirname(dirname(podsDir)))],
    cgroups: cluster.nodes.map(({ cgroup }) => cgroup),
  }),
);

const FOREVER_MS = 2 ** 31 - 1;
const alive = setInterval(() => undefined, FOREVER_MS);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    clearInterval(alive);
    void cluster.stop();
  });
}
