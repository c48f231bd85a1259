/** Files with credentials: made for one run, readable by their owner alone, gone afterwards. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import type { PrivateFile } from "./plan.ts";

/** Writes the files into the folder, runs, and removes the folder whatever happened. */
export async function withPrivateFiles<T>(
  folder: string,
  files: readonly PrivateFile[],
  run: () => Promise<T>,
): Promise<T> {
  // Left over by a container that was killed.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    for (const { path, text } of files) await writeFile(path, text, { mode: 0o600, flag: "wx" });
    return await run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
