import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CacheGuard, emptyCache, gatherCacheLimit, measureBytes } from "../../../../agent/restic/scratch.ts";
import { eventually } from "../../../support/eventually.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-scratch-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function fill(folder: string, files: number): Promise<void> {
  await mkdir(join(folder, "deep"), { recursive: true });
  for (let index = 0; index < files; index += 1) await writeFile(join(folder, "deep", `f${index}`), "x".repeat(4_096));
}

describe("D9: restic's cache in the scratch volume", () => {
  test("may take half of what the volume holds", () => {
    expect(gatherCacheLimit({})).toBe(512 * 2 ** 20);
    expect(gatherCacheLimit({ STASH_SCRATCH_LIMIT: "64Mi" })).toBe(32 * 2 ** 20);
    expect(gatherCacheLimit({ STASH_SCRATCH_LIMIT: "nonsense" })).toBe(512 * 2 ** 20);
  });

  test.each([
    [{ STASH_STORAGE_LIMIT: String(100 * 2 ** 20) }, 50],
    [{ STASH_STORAGE_LIMIT: String(100 * 2 ** 20), STASH_SCRATCH_LIMIT: "64Mi" }, 32],
    [{ STASH_STORAGE_LIMIT: String(40 * 2 ** 20), STASH_SCRATCH_LIMIT: "64Mi" }, 20],
    [{ STASH_STORAGE_LIMIT: String(2 ** 40) }, 512],
    [{ STASH_STORAGE_LIMIT: "0" }, 512],
  ])("is bounded by what the kubelet says that the container may store: %j", (env, mebibytes) => {
    expect(gatherCacheLimit(env)).toBe(mebibytes * 2 ** 20);
  });

  test("is measured with all its folders; one that is not there takes nothing", async () => {
    expect(await measureBytes(join(dir, "missing"))).toBe(0);
    await fill(join(dir, "cache"), 3);
    expect(await measureBytes(join(dir, "cache"))).toBe(3 * 4_096);
  });

  test("stays while it is small, is given up when it is not, and is told of once", async () => {
    const folder = join(dir, "cache");
    const told: number[] = [];
    const guard = new CacheGuard({ folder, limitBytes: 10_000, onFull: (bytes) => told.push(bytes) });
    await fill(folder, 2);
    await guard.look();
    expect([guard.isGivenUp, await measureBytes(folder)]).toEqual([false, 8_192]);
    await fill(folder, 3);
    await guard.look();
    expect([guard.isGivenUp, await measureBytes(folder)]).toEqual([true, 0]);
    // A restic that runs still fills it.
    await fill(folder, 3);
    await guard.look();
    expect(await readdir(join(folder, "deep"))).toEqual([]);
    expect(told).toEqual([3 * 4_096]);
  });

  test("is looked at while a command runs, and once more at its end", async () => {
    const folder = join(dir, "cache");
    const guard = new CacheGuard({ folder, limitBytes: 10_000, lookEachMs: 5 });
    const end = guard.watch();
    await fill(folder, 3);
    await eventually(() => guard.isGivenUp, true, 2_000);
    await fill(folder, 3);
    await end();
    expect(await measureBytes(folder)).toBe(0);
  });
});

test("D9: what restic is writing stays when the cache is emptied; what a killed one left goes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stash-batch-cache-"));
  try {
    for (const name of ["whole", "tmp-1", "tmp-2"]) await writeFile(join(folder, name), "x");
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(folder, "tmp-2"), longAgo, longAgo);
    await emptyCache(folder);
    expect(await readdir(folder)).toEqual(["tmp-1"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
