/** Which repository restic has opened: its cache has a folder for each, named by restic's id, and opening one sets the folder's time. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const ID = /^[0-9a-f]{64}$/;

/** @returns undefined where no folder was touched since then, or several were */
export function findOpenedId(cacheFolder: string, sinceMs: number): string | undefined {
  try {
    const touched = readdirSync(cacheFolder)
      .filter((name) => ID.test(name))
      .filter((name) => statSync(join(cacheFolder, name)).mtimeMs >= sinceMs);
    return touched.length === 1 ? touched[0] : undefined;
  } catch {
    // Without a cache nothing tells.
    return undefined;
  }
}
