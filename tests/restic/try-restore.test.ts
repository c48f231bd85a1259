/** restic's own dry run of a restore, as the agent in a sidecar makes it: what it tells, and that not a byte changes. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { tryHost } from "../../agent/restore/try-turn.ts";
import { describeTree } from "../support/files/tree.ts";
import { createResticWorld, type ResticWorld, TARGET } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
let world: ResticWorld;
let restic: Restic;

beforeAll(async () => {
  world = await createResticWorld();
  restic = await world.open();
});

afterAll(() => world?.stop());

beforeEach(async () => {
  await rm(world.data, { recursive: true, force: true });
  await mkdir(join(world.data, "deep"), { recursive: true });
  for (const name of ["same", "changed", "gone", "deep/gone"]) await writeFile(join(world.data, name), `of ${name}`);
  await world.backup(restic);
  await writeFile(join(world.data, "changed"), "something else");
  await writeFile(join(world.data, "own"), "of nobody");
  for (const name of ["gone", "deep/gone"]) await rm(join(world.data, name));
});

function tried(args: readonly string[] = [], rule: object = {}) {
  return tryHost(
    {
      host: { target: TARGET, alias: undefined, hostname: "host-0", podName: "web-1" },
      rules: [{ paths: [world.data], ...rule }],
      point: undefined,
      args,
      targetFolder: "/",
      runsAs: process.geteuid?.() ?? 0,
    },
    { restic, signal },
  );
}

const isOldest = process.env["STASH_BATCH_TEST_RESTIC"] === "oldest";

/** restic before 0.17 can't try a restore. */
function expectTooOld(attempt: Promise<unknown>): Promise<void> {
  return expect(attempt).rejects.toMatchObject({ code: "RESTIC_FAILED", message: expect.stringContaining("0.17") });
}

test("files that would be made, written over and left are told, with what comes back", async () => {
  if (isOldest) return expectTooOld(tried());
  const before = await describeTree(world.data);
  const told = await tried();
  const size = (...names: readonly string[]) => names.reduce((sum, name) => sum + `of ${name}`.length, 0);
  expect(told).toMatchObject({
    newFiles: 2,
    changedFiles: 1,
    sameFiles: 1,
    totalBytes: size("same", "changed", "gone", "deep/gone"),
    writtenBytes: size("changed", "gone", "deep/gone"),
    overwritten: [join(world.data, "changed")],
    snapshots: [{ path: world.data, files: 4 }],
  });
  expect(await describeTree(world.data)).toEqual(before);
});

test("patterns count", async () => {
  const attempt = tried([], { include: [join(world.data, "gone")] });
  if (isOldest) return expectTooOld(attempt);
  expect(await attempt).toMatchObject({ newFiles: 1, changedFiles: 0 });
});

test.each([
  [["--dry-run=false"]],
  [["--dry-run=false", "--exclude"]],
  [["--"]],
  [["--exclude"]],
  [["--tag", "--dry-run=false"]],
])("no argument of the user makes a real restore of it: %j", async (args) => {
  await tried(args).catch((error: unknown) => expect(error).toMatchObject({ name: expect.any(String) }));
  expect(await readFile(join(world.data, "changed"), "utf8")).toBe("something else");
  expect(await readFile(join(world.data, "own"), "utf8")).toBe("of nobody");
  await expect(readFile(join(world.data, "gone"))).rejects.toThrow("ENOENT");
});

test("a snapshot that is not there fails it, with what there is", async () => {
  await expect(tried([], { paths: ["/elsewhere"] })).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
});
