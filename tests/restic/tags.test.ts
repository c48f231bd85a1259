/** That a snapshot has the tags which were put on it, where restic calls it a success in any case. */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addTags } from "../../agent/backup/add-tags.ts";
import { markIncomplete } from "../../agent/backup/mark-snapshot.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { isCompletePoint } from "../../shared/snapshots/point-parts.ts";
import { readRecoveryPoints } from "../../shared/snapshots/recovery-points.ts";
import { recordTags, snapshotTags, targetTag } from "../../shared/snapshots/tags.ts";
import { resolveSnapshots } from "../../shared/target/restore-rules.ts";
import { unprivilegedRestic } from "../support/restic/hostile.ts";
import { createResticWorld, ORIGIN, type ResticWorld, TARGET } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
const TAGS = [...snapshotTags(ORIGIN), ...recordTags(ORIGIN, 1)];
let world: ResticWorld;
let restic: Restic;

beforeEach(async () => {
  world = await createResticWorld();
  restic = await world.open();
  writeFileSync(join(world.data, "file"), "content");
});

afterEach(() => world?.stop());

async function save(): Promise<string> {
  const [outcome] = await world.backup(restic);
  if (outcome?.kind !== "saved") throw new Error(JSON.stringify(outcome));
  // Up to 0.16 restic tells the beginning alone.
  const { name = "" } = outcome.snapshot;
  return (await restic.snapshots({})).find(({ id }) => id.startsWith(name))?.id ?? "";
}

const saved = () => ({ host: "host-0", path: world.data, tags: TAGS });
const plainly: Parameters<typeof addTags>[3]["withLock"] = (run) => run();

test("a tag is on the snapshot that is named by what it was once, whole or short, and on no other one", async () => {
  const [first, second] = [await save(), await save()];
  const ports = { restic, signal, withLock: plainly };
  const [once] = await addTags("a mark", [first.slice(0, 10)], ["a=1"], ports);
  const [twice] = await addTags("a mark", [once?.id ?? ""], ["a=2"], ports);
  const [again] = await addTags("a mark", [first], ["a=2"], ports);
  expect(twice?.tags).toEqual([...TAGS, "a=1", "a=2"]);
  expect(again?.id).toBe(twice?.id);
  expect((await restic.snapshots({})).find(({ id }) => id === second)?.tags).toEqual(TAGS);
  expect(await addTags("a mark", [], ["a=3"], ports)).toEqual([]);
  expect(await restic.snapshots({ tags: ["a=3"] })).toEqual([]);
});

test("one that goes before it is tagged, and one that nobody has, is an error", async () => {
  const id = await save();
  const forget: typeof plainly = async (run) => {
    await restic.run(["forget", id], {});
    return run();
  };
  await expect(markIncomplete(saved(), id, "FILES_UNREADABLE", { restic, signal, withLock: forget })).rejects.toThrow(
    /mark of snapshot .*went/,
  );
  await expect(
    addTags("a mark", ["0".repeat(64)], ["a=1"], { restic, signal, withLock: plainly }),
  ).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
});

test("one that restic may not write anew is not called tagged", { timeout: 180_000 }, async () => {
  const id = await save();
  chmodSync(world.dir, 0o755);
  const env = { STASH_RESTIC: unprivilegedRestic(world.dir) };
  execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
  restic = await world.open(undefined, {}, env);
  chmodSync(join(world.repository, "snapshots"), 0o555);
  const marked = markIncomplete(saved(), id, "FILES_UNREADABLE", { restic, signal, withLock: plainly });
  await expect(marked).rejects.toMatchObject({ code: "REPOSITORY_READ_ONLY" });
  expect((await restic.snapshots({})).map((one) => one.id)).toEqual([id]);
});

test("what a snapshot was before it was marked counts no more than the marked one, where it could not be removed", async () => {
  const id = await save();
  const kept = join(world.dir, "kept");
  cpSync(join(world.repository, "snapshots"), kept, { recursive: true });
  await markIncomplete(saved(), id, "FILES_UNREADABLE", { restic, signal, withLock: plainly });
  // As where the store lets nobody remove anything.
  cpSync(kept, join(world.repository, "snapshots"), { recursive: true });
  const all = await restic.snapshots({});
  expect(all).toHaveLength(2);
  expect(readRecoveryPoints(all).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  expect(isCompletePoint(all)).toBe(false);
  const selection = {
    sourceHost: "host-0",
    wanted: [{ by: "latest" }],
    include: [],
    exclude: [],
    mayOverlap: false,
  } as const;
  expect(() => resolveSnapshots(selection, all, targetTag(TARGET))).toThrow(/does not exist/);
  // Nor does it stay alone when the marked one gives way to a newer one.
  rmSync(join(world.data, "file"));
  mkdirSync(join(world.data, "folder"));
  const next = await save();
  await markIncomplete(saved(), next, "FILES_UNREADABLE", { restic, signal, withLock: plainly });
  const left = await restic.snapshots({});
  expect(left.map(({ original }) => original)).toEqual([next]);
  expect(readdirSync(join(world.repository, "snapshots"))).toHaveLength(1);
});
