/** A scratch volume that is too small for restic's cache: work goes on without one, and the volume does not fill. */
import { rmSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { emptyCache, measureBytes } from "../../agent/restic/scratch.ts";
import { describeTree } from "../support/files/tree.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;
const signal = new AbortController().signal;
const cacheOf = () => join(world.dir, "scratch", "restic-cache");

beforeEach(async () => {
  world = await createResticWorld();
});
afterEach(() => world.stop());

/** Many small files: their trees and the index make a cache. */
async function fill(): Promise<void> {
  for (let folder = 0; folder < 40; folder += 1) {
    const path = join(world.data, `folder-${folder}`);
    await mkdir(path);
    for (let file = 0; file < 25; file += 1) await writeFile(join(path, `file-${file}`), `${folder}/${file}`);
  }
}

test("with room the cache is there", async () => {
  await fill();
  const restic = await world.open();
  await ensureRepository(restic, signal);
  expect(await world.backup(restic)).toMatchObject([{ kind: "saved" }]);
  expect(await measureBytes(cacheOf())).toBeGreaterThan(40_000);
});

test("D9: without room it is given up, backup, list and restore succeed, and later commands make none", async () => {
  await fill();
  const before = await describeTree(world.data);
  const restic = await world.open(world.localBackend, {}, { STASH_SCRATCH_LIMIT: "64Ki" });
  await ensureRepository(restic, signal);
  expect(await world.backup(restic)).toMatchObject([{ kind: "saved", warnings: [] }]);
  // What is left are the files by which restic knows the folder.
  expect(await measureBytes(cacheOf())).toBeLessThan(16_384);
  const left = await readdir(cacheOf(), { recursive: true });
  expect(await restic.snapshots({})).toHaveLength(1);
  expect((await restic.run(["check"], { signal })).code).toBe(0);
  expect(await readdir(cacheOf(), { recursive: true })).toEqual(left);

  rmSync(world.data, { recursive: true });
  await mkdir(world.data);
  expect((await world.restore(restic)).failure).toBeUndefined();
  expect(await describeTree(world.data)).toEqual(before);
});

test("D9: a cache that goes while restic runs is no fault", async () => {
  await fill();
  const restic = await world.open();
  await ensureRepository(restic, signal);
  expect(await world.backup(restic)).toMatchObject([{ kind: "saved" }]);
  const sweep = setInterval(() => void emptyCache(cacheOf()), 1);
  try {
    for (const command of [["check", "--read-data"], ["prune"], ["check"]]) {
      const exit = await restic.run(command, { signal });
      expect([command[0], exit.code, exit.tail]).toMatchObject([command[0], 0, expect.anything()]);
    }
    await writeFile(join(world.data, "another"), "file");
    expect(await world.backup(restic)).toMatchObject([{ kind: "saved" }]);
  } finally {
    clearInterval(sweep);
  }
  expect((await restic.run(["check", "--read-data"], { signal })).code).toBe(0);
});
