/**
 * The layers of all images, imported once into a runtime's folder and kept: to unpack a Debian takes half a minute, to copy
 * what was unpacked, by links, less than a second.
 */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../../../scripts/images/layer-cache.ts";
import { type OciImage, writeOciArchive } from "../../../scripts/images/oci-archive.ts";
import { superviseProcesses } from "../control-plane/supervised-processes.ts";
import { createRuntime } from "./runtime.ts";
import { makeSandbox } from "./sandbox.ts";

const run = promisify(execFile);
/** Stores of programs and packages of long ago go when a new one is made. */
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;
/** Databases that a runtime writes in place; everything else it writes anew, so that links to it stay what they were. */
const DATABASES: readonly string[] = [
  "io.containerd.metadata.v1.bolt/meta.db",
  "io.containerd.snapshotter.v1.overlayfs/metadata.db",
];

/**
 * Finds the store of these images, or makes it.
 *
 * @param programsDir holds containerd and ctr
 * @returns folder to pass to copyStore
 */
export async function ensureImageStore(
  programsDir: string,
  images: readonly OciImage[],
  onProgress: (line: string) => void,
): Promise<string> {
  const { stdout } = await run(join(programsDir, "containerd"), ["--version"]);
  const contents = JSON.stringify([stdout, images.map(({ layers, ...image }) => [image, layers.map((l) => l.digest)])]);
  const key = createHash("sha256").update(contents).digest("hex").slice(0, 16);
  const stores = join(cacheFolder(), "image-stores");
  const store = join(stores, key);
  if (!existsSync(store)) {
    const startedAt = performance.now();
    onProgress("unpacking the layers of the images (some 40 s, once) ...");
    await makeStore(programsDir, images, stores, store);
    onProgress(`layers are unpacked, in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    await forgetOldStores(stores);
  }
  await utimes(store, new Date(), new Date());
  return store;
}

async function makeStore(
  programsDir: string,
  images: readonly OciImage[],
  stores: string,
  store: string,
): Promise<void> {
  await mkdir(stores, { recursive: true });
  const making = await mkdtemp(join(stores, ".making-"));
  const dir = join(tmpdir(), `stash-batch-store-${randomBytes(4).toString("hex")}`);
  const processes = await superviseProcesses(dir, () => undefined);
  try {
    await processes.atEnd({ program: "rm", args: ["-rf", making] });
    const archive = join(making, "images.tar");
    await writeOciArchive(archive, images);
    const path = `${programsDir}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const sandbox = await makeSandbox(processes, "store", path, join(dir, "logs"));
    const containerdRoot = join(making, "root");
    const runtime = await createRuntime(sandbox, { dir, containerdRoot, pluginsDir: programsDir }, programsDir);
    await runtime.start();
    await runtime.importImages(archive);
    // Not killed: its databases have to be whole.
    await sandbox.exec("sh", ["-c", "kill $(pidof containerd); while pidof containerd >/dev/null; do sleep 0.1; done"]);
    await rename(containerdRoot, store).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(store)) throw error;
    });
  } finally {
    await processes.finish();
  }
}

/** Copies a store for one node. @param target must not exist */
export async function copyStore(store: string, target: string): Promise<void> {
  const linked = await run("cp", ["-al", store, target]).then(
    () => true,
    () => false,
  );
  if (linked) {
    for (const database of DATABASES) {
      const path = join(target, database);
      await run("cp", ["-a", "--remove-destination", join(store, database), path]);
    }
    return;
  }
  // Links don't reach from one file system to another.
  await rm(target, { recursive: true, force: true });
  await run("cp", ["-a", store, target]);
}

async function forgetOldStores(stores: string): Promise<void> {
  for (const name of await readdir(stores)) {
    const path = join(stores, name);
    if (Date.now() - (await stat(path)).mtimeMs > KEPT_DAYS * DAY_MS) await rm(path, { recursive: true, force: true });
  }
}
