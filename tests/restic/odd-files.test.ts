import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { describeTree } from "../support/files/tree.ts";
import { describeAttributes, makeOddTree } from "../support/restic/odd-tree.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;
let restic: Restic;
beforeAll(async () => {
  world = await createResticWorld();
  restic = await world.open();
});

afterAll(() => world?.stop());

test("odd names, modes, owners, times, links, holes and attributes come back as they were", async () => {
  makeOddTree(world.data);
  const before = { tree: await describeTree(world.data), attributes: describeAttributes(world.data) };
  expect(before.tree.length).toBeGreaterThan(30);
  const [outcome] = await world.backup(restic);
  expect(outcome).toMatchObject({ kind: "saved", warnings: [] });
  rmSync(world.data, { recursive: true });
  await mkdir(world.data);
  const restored = await world.restore(restic, { isVerified: true });
  expect(restored).toMatchObject({ failure: undefined, warnings: [] });
  expect({ tree: await describeTree(world.data), attributes: describeAttributes(world.data) }).toEqual(before);
});

test("L53: a restore leaves files outside the restored path alone, and those that came later", async () => {
  const beside = join(world.dir, "beside");
  await writeFile(beside, "mine");
  await writeFile(join(world.data, "later"), "made after the backup");
  expect((await world.restore(restic)).failure).toBeUndefined();
  expect(await readdir(world.data)).toContain("later");
  expect(readFileSync(beside, "utf8")).toBe("mine");
});

test("excluded files are not saved, and the exclusion of one odd name does not touch others", async () => {
  const saved = await world.backup(restic, { exclude: ["deep", "*.txt"] });
  expect(saved[0]?.kind).toBe("saved");
  await rename(world.data, `${world.data}-away`);
  expect((await world.restore(restic)).failure).toBeUndefined();
  const names = await readdir(world.data);
  expect(names).not.toContain("deep");
  expect(names).not.toContain("plain.txt");
  expect(names).toContain("hard link");
  expect(names).toContain("new\nline");
});

test("a file is not written through a link that took its place, nor into a pipe, nor into a file's other names", async () => {
  await world.backup(restic);
  const outside = join(world.dir, "outside");
  await writeFile(outside, "not to be touched");
  rmSync(join(world.data, "new\nline"));
  symlinkSync(outside, join(world.data, "new\nline"));
  rmSync(join(world.data, "-rf"));
  execFileSync("mkfifo", ["--", join(world.data, "-rf")]);
  const kept = join(world.dir, "kept");
  linkSync(join(world.data, "empty"), kept);
  writeFileSync(kept, "was changed since");
  rmSync(join(world.data, "empty folder"), { recursive: true });
  symlinkSync(world.repository, join(world.data, "empty folder"));
  expect((await world.restore(restic)).failure).toBeUndefined();
  expect(readFileSync(outside, "utf8")).toBe("not to be touched");
  expect(readFileSync(join(world.data, "new\nline"), "utf8")).toBe("new\nline");
  expect(readFileSync(join(world.data, "-rf"), "utf8")).toBe("-rf");
  expect(readFileSync(join(world.data, "empty"), "utf8")).toBe("");
  expect(readFileSync(kept, "utf8")).toBe("was changed since");
  expect(lstatSync(join(world.data, "empty folder")).isDirectory()).toBe(true);
});

test("a restore with patterns goes over existing links too, and touches nothing that it leaves out", async () => {
  await world.backup(restic);
  rmSync(join(world.data, "hard link"));
  symlinkSync("elsewhere", join(world.data, "hard link"));
  const restored = await world.restore(restic, { rules: [{ paths: [world.data], exclude: ["hard link"] }] });
  expect(restored.failure).toBeUndefined();
  expect(readlinkSync(join(world.data, "hard link"))).toBe("elsewhere");
});
