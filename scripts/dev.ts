/**
 * `npm run dev`: a cluster of its own with the webhook and the reconciler beside it, as processes of this machine. A file that is saved
 * is bundled and both start again; what they log comes here, until Ctrl-C.
 */
import { watch } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../shared/errors.ts";
import { SUITE_IMAGES } from "../tests/support/images/suite-images.ts";
import { startInstalledCluster } from "../tests/support/product/installed-cluster.ts";
import type { Program, RunningProduct } from "../tests/support/product/running-product.ts";
import { buildServers } from "./build.ts";
import { ensureClusterPrograms, ensurePrerequisites, NODE_PREREQUISITES } from "./prerequisites.ts";

const root = resolve(import.meta.dirname, "..");
const PROGRAMS: readonly Program[] = ["webhook", "reconciler"];
/** Folders whose code these two run; pods run the image, which stays as it was at the start. */
const WATCHED = ["webhook", "reconciler", "shared", "certs"];
/** An editor saves several files at once. */
const SETTLE_MS = 200;
const LOG_POLL_MS = 300;

const say = (line: string) => console.error(line);

/** Prints what was logged since the last look, one line a line, behind the program's name. */
async function followLogs(product: RunningProduct, isOver: () => boolean): Promise<void> {
  const printed = new Map<Program, number>(PROGRAMS.map((program) => [program, 0]));
  while (!isOver()) {
    for (const program of PROGRAMS) {
      const text = await product.log(program);
      const end = text.lastIndexOf("\n") + 1;
      const from = Math.min(printed.get(program) ?? 0, end);
      for (const line of text.slice(from, end).split("\n").filter(Boolean))
        console.log(`${program.padEnd(10)} ${line}`);
      printed.set(program, end);
    }
    await sleep(LOG_POLL_MS);
  }
}

/** Bundles anew and starts both again; what does not bundle is told, and the programs before go on. */
async function restart(product: RunningProduct, bundlesFolder: string): Promise<void> {
  const startedAt = performance.now();
  try {
    await buildServers(bundlesFolder);
    await Promise.all(PROGRAMS.map((program) => product.kill(program)));
    await Promise.all(PROGRAMS.map((program) => product.start(program)));
    say(`== both run again, after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  } catch (error) {
    say(`== ${messageOf(error)}`);
  }
}

await ensurePrerequisites({ need: ["restic", ...NODE_PREREQUISITES], onProgress: say });
await ensureClusterPrograms({ onProgress: say });
const cluster = await startInstalledCluster({ nodeNames: ["node-a"], images: SUITE_IMAGES, onProgress: say });
const { product, controlPlane } = cluster;
const interrupted = Promise.withResolvers<void>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interrupted.resolve());

let isOver = false;
let changed = Promise.withResolvers<void>();
const watchers = WATCHED.map((folder) =>
  watch(join(root, folder), { recursive: true }, (_event, name) => {
    if (name?.endsWith(".ts") === true) changed.resolve();
  }),
);
say(`\nexport KUBECONFIG=${controlPlane.kubeconfigPath} PATH=$PATH:${controlPlane.programsDir}`);
say(`Save a file of ${WATCHED.join(", ")}, and both programs start again. Ctrl-C ends everything.\n`);

const logs = followLogs(product, () => isOver);
const folder = cluster.bundlesFolder;
while ((await Promise.race([changed.promise.then(() => true), interrupted.promise.then(() => false)])) === true) {
  await sleep(SETTLE_MS);
  changed = Promise.withResolvers();
  await restart(product, folder);
}
isOver = true;
for (const watcher of watchers) watcher.close();
await logs;
await cluster.stop();
