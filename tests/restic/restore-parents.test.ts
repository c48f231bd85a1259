/** Folders above what is restored: they are in every snapshot, and are no part of the data. */
import { execFileSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { resticWithoutChown } from "../support/restic/hostile.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;
let path: string;

beforeEach(async () => {
  world = await createResticWorld();
  path = join(world.data, "mount", "files");
  await mkdir(path, { recursive: true });
  writeFileSync(join(path, "a"), "content");
  const restic = await world.open();
  await ensureRepository(restic, new AbortController().signal);
  // The mount point's parent belongs to somebody else, as a folder of an image may.
  execFileSync("chown", ["1234:1234", world.data]);
  await world.backup(restic, { paths: [path] });
});

afterEach(() => world.stop());

test("E13: owners that can't be set on them are no warning", async () => {
  const poor = await world.open(undefined, {}, { STASH_RESTIC: resticWithoutChown(world.dir) });
  writeFileSync(join(path, "a"), "other");
  const outcome = await world.restore(poor, { rules: [{ paths: [path] }] });
  expect(outcome).toMatchObject({ failure: undefined, warnings: [] });
  expect(execFileSync("cat", [join(path, "a")], { encoding: "utf8" })).toBe("content");
  expect(statSync(world.data).uid).toBe(1234);
});

test("E13: on what is restored they are told", async () => {
  const restic = await world.open();
  execFileSync("chown", ["1234:1234", join(path, "a")]);
  await world.backup(restic, { paths: [path] });
  execFileSync("rm", [join(path, "a")]);
  const poor = await world.open(undefined, {}, { STASH_RESTIC: resticWithoutChown(world.dir) });
  const outcome = await world.restore(poor, { rules: [{ paths: [path] }] });
  const told = [...outcome.warnings, outcome.failure?.message ?? ""].join("\n");
  expect(told).toContain(join(path, "a"));
  expect(told).not.toMatch(new RegExp(`${world.data}: `));
});
