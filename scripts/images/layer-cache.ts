/** Layers that are made once and kept in the cache, by what they are made of. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { numberAt, textAt } from "../../shared/json/value.ts";
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
  const description = join(layers, `${name}-${key}.json`);
  const known = await findLayer(layers, description);
  if (known !== undefined) return known;
  await mkdir(layers, { recursive: true });
  const work = await mkdtemp(join(layers, ".making-"));
  try {
    const made = join(work, "layer.tar");
    await make(made, work);
    const { digest, sizeBytes } = await describeLayer(made);
    // Another process may make the same one at this time, and get other bytes: each has a file of its own, and the first one stays.
    const file = `${name}-${key}-${digest.replace("sha256:", "").slice(0, 16)}.tar`;
    await rename(made, join(layers, file));
    const described = join(work, "description.json");
    await writeFile(described, JSON.stringify({ digest, sizeBytes, file }));
    await link(described, description).catch((error: unknown) => {
      if (!existsSync(description)) throw error;
    });
    return (await findLayer(layers, description)) ?? { path: join(layers, file), digest, sizeBytes };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function findLayer(layers: string, description: string): Promise<Layer | undefined> {
  if (!existsSync(description)) return undefined;
  const { file, ...layer } = parseDescription(await readFile(description, "utf8"));
  const path = join(layers, file);
  if (existsSync(path)) return { ...layer, path };
  // Somebody took the file away: what is made anew has its place.
  await rm(description, { force: true });
  return undefined;
}

interface Description {
  readonly digest: string;
  readonly sizeBytes: number;
  /** Name of the tar file beside it. */
  readonly file: string;
}

function parseDescription(text: string): Description {
  const value: unknown = JSON.parse(text);
  const digest = textAt(value, "digest");
  const sizeBytes = numberAt(value, "sizeBytes");
  const file = textAt(value, "file");
  if (digest === undefined || sizeBytes === undefined || file === undefined)
    throw new Error(`not a layer's description: ${text}`);
  return { digest, sizeBytes, file };
}
