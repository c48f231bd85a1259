/** Symbolic links above what is saved or restored: nothing is cut off behind them. */
import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;
let restic: Restic;
let current: string;
let uploads: string;

beforeEach(async () => {
  world = await createResticWorld();
  restic = await world.open();
  current = join(world.data, "current");
  uploads = join(current, "uploads");
  mkdirSync(join(world.data, "releases/7/uploads"), { recursive: true });
  writeFileSync(join(world.data, "releases/7/index.php"), "of the release");
  writeFileSync(join(world.data, "releases/7/uploads/photo"), "new");
});

afterEach(() => world.stop());

function linkCurrent(): void {
  symlinkSync("releases/7", current);
}

/** What was saved while `current` was a folder. */
async function saveFolder(path: string): Promise<void> {
  mkdirSync(uploads, { recursive: true });
  writeFileSync(join(uploads, "photo"), "old");
  const [outcome] = await world.backup(restic, { paths: [path] });
  expect(outcome?.kind).toBe("saved");
  rmSync(current, { recursive: true });
}

function expectUntouched(): void {
  expect(readlinkSync(current)).toBe("releases/7");
  expect(readFileSync(join(uploads, "photo"), "utf8")).toBe("new");
  expect(readFileSync(join(current, "index.php"), "utf8")).toBe("of the release");
}

describe("C01: a path to save", () => {
  test.each(["", "/uploads", "/uploads/photo", "/uploads/../uploads", "/nothing"])(
    "through a link fails: %s",
    async (below) => {
      linkCurrent();
      const [outcome] = await world.backup(restic, { paths: [current + below] });
      expect(outcome).toMatchObject({ kind: "failed", error: { code: "PATH_IS_LINK" } });
      expect(await restic.snapshots({})).toEqual([]);
    },
  );

  test("through a link is told the path that it leads to", async () => {
    linkCurrent();
    const [outcome] = await world.backup(restic, { paths: [uploads], mounts: ["/", world.data] });
    const real = join(world.data, "releases/7/uploads");
    expect(outcome).toMatchObject({
      error: { next: `Name ${real} in target.paths, or a folder that holds both the link and that.` },
    });
    const [named] = await world.backup(restic, { paths: [real], mounts: ["/", world.data] });
    expect(named?.kind).toBe("saved");
  });

  test("behind whose mount point a link lies is told the place to mount it", async () => {
    const away = join(world.dir, "away");
    symlinkSync("data", away);
    const mount = join(world.data, "releases");
    const [outcome] = await world.backup(restic, { paths: [join(away, "releases/7")], mounts: ["/", mount] });
    expect(outcome).toMatchObject({
      error: {
        code: "PATH_IS_LINK",
        next: `Mount the volume at ${mount} itself, and name ${mount}/7 in target.paths.`,
      },
    });
  });
});

describe("C01: a restore below what is a link now", () => {
  test("of a path fails before anything is written", async () => {
    await saveFolder(uploads);
    linkCurrent();
    const outcome = await world.restore(restic, { rules: [{ paths: [uploads] }] });
    expect(outcome).toMatchObject({ restored: [], failure: { code: "PATH_IS_LINK" } });
    expect(outcome.failure?.message).toContain(current);
    expectUntouched();
  });

  test.each<[string, { include?: string[]; exclude?: string[] }, string[]]>([
    ["by an include", { include: ["photo"] }, []],
    ["by an exclude", { exclude: ["nothing"] }, []],
    ["by patterns that restic alone knows", {}, ["--iinclude=PHOTO"]],
  ])("of a part of a folder fails likewise: %s", async (_how, patterns, args) => {
    await saveFolder(world.data);
    linkCurrent();
    const outcome = await world.restore(restic, { rules: [{ paths: [world.data], ...patterns }], args });
    expect(outcome).toMatchObject({ restored: [], failure: { code: "PATH_IS_LINK" } });
    expectUntouched();
  });

  test("of a part beside it goes on", async () => {
    await saveFolder(world.data);
    linkCurrent();
    rmSync(join(world.data, "releases/7/index.php"));
    const outcome = await world.restore(restic, { rules: [{ paths: [world.data], include: ["index.php"] }] });
    expect(outcome.failure).toBeUndefined();
    expectUntouched();
  });

  test("of the whole brings the folder back, as it was saved", async () => {
    await saveFolder(world.data);
    linkCurrent();
    expect((await world.restore(restic)).failure).toBeUndefined();
    expect(lstatSync(current).isDirectory()).toBe(true);
    expect(readFileSync(join(uploads, "photo"), "utf8")).toBe("old");
  });

  test("or a file fails too, and the file stays", async () => {
    await saveFolder(uploads);
    writeFileSync(current, "a file");
    const outcome = await world.restore(restic, { rules: [{ paths: [uploads] }] });
    expect(outcome).toMatchObject({ restored: [], failure: { code: "PATH_NOT_FOUND" } });
    expect(readFileSync(current, "utf8")).toBe("a file");
  });
});
