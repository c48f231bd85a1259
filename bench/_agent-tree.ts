/** A tree of one GiB in ten thousand files, and what bare restic needs for it. */
import { spawn } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";

const FILES = 10_000;
const FOLDERS = 100;
const FILE_BYTES = Math.floor(2 ** 30 / FILES);

/** Content that nothing compresses or finds twice. */
export async function makeBigTree(root: string): Promise<void> {
  const content = Buffer.allocUnsafe(FILE_BYTES);
  for (let folder = 0; folder < FOLDERS; folder++) {
    const path = join(root, `d${folder}`);
    await mkdir(path, { recursive: true });
    for (let file = 0; file < FILES / FOLDERS; file++) {
      const handle = await open(join(path, `f${file}`), "w");
      await handle.write(randomFillSync(content));
      await handle.close();
    }
  }
}

/** Runs restic. @returns milliseconds */
export async function timeRestic(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const startedAtMs = performance.now();
  const child = spawn("restic", args, { env, stdio: "ignore" });
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`restic ${args[0]} ended with ${child.exitCode}`);
  return performance.now() - startedAtMs;
}
