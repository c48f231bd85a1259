/** Layers that are made once and kept in the cache, by what they are made of. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describeLayer, type Layer } from "./oci-archive.ts";

export function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"];
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "stash-batch");
}

/**
 * Finds a layer in the cache, or has it made there.
 *
 * @param name for people who look into the cache
 * @param recipe everything that decides what the layer holds; another recipe is another layer
 * @param make writes the tar file; it may use the folder for its work
 */
export async function cachedLayer(
  name: string,
  recipe: unknown,
  make: (tarPath: string, workFolder: string) => Promise<void>,
): Promise<Layer> {
  const key = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const layers = join(cacheFolder(), "layers");
  const path = join(layers, `${name}-${key}.tar`);
  const description = `${path}.json`;
  if (existsSync(description) && existsSync(path))
    return { ...parseDescription(await readFile(description, "utf8")), path };
  await mkdir(layers, { recursive: true });
  const work = await mkdtemp(join(layers, ".making-"));
  try {
    const made = join(work, "layer.tar");
    await make(made, work);
    const { digest, sizeBytes } = await describeLayer(made);
    await rename(made, path);
    // Written last: a tar file without a description is not complete.
    await writeFile(`${description}.new`, JSON.stringify({ digest, sizeBytes }));
    await rename(`${description}.new`, description);
    return { path, digest, sizeBytes };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function parseDescription(text: string): { readonly digest: string; readonly sizeBytes: number } {
  const value: unknown = JSON.parse(text);
  const digest: unknown = Reflect.get(Object(value), "digest");
  const sizeBytes: unknown = Reflect.get(Object(value), "sizeBytes");
  if (typeof digest !== "string" || typeof sizeBytes !== "number")
    throw new Error(`not a layer's description: ${text}`);
  return { digest, sizeBytes };
}
