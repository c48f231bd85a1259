/** What a restore's patterns select, compared with what real restic writes. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { createSelection } from "../../agent/restic/patterns.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const isOldest = process.env["STASH_BATCH_TEST_RESTIC"] === "oldest";

let world: ResticWorld;
let restic: Restic;
let away: string;

const FILES = [
  "a.txt",
  "[2024] photos/a.jpg",
  "2 photos/b.jpg",
  "dir/a.txt",
  "dir/deep/b.log",
  "dir/deep/ab",
  "x\\y",
  "*",
];

beforeAll(async () => {
  world = await createResticWorld();
  restic = await world.open();
  for (const file of FILES) {
    mkdirSync(dirname(join(world.data, file)), { recursive: true });
    writeFileSync(join(world.data, file), file);
  }
  await world.backup(restic);
  away = join(world.dir, "away");
});

afterAll(() => world?.stop());

/** Restores into an empty folder. */
async function restore(
  rule: { include?: readonly string[]; exclude?: readonly string[] },
  args: readonly string[] = [],
) {
  rmSync(away, { recursive: true, force: true });
  mkdirSync(away);
  const outcome = await world.restore(restic, { rules: [{ paths: [world.data], ...rule }], args, targetFolder: away });
  const files = FILES.filter((file) => existsSync(join(away, world.data, file)));
  return { outcome, files };
}

test("C04: an include that selects nothing fails before anything is written, by a typo or by brackets", async () => {
  for (const name of ["plian", "[2024] photos", "nothing/*"]) {
    const { outcome, files } = await restore({ include: [join(world.data, name)] });
    expect(outcome).toMatchObject({ restored: [], failure: { code: "NOTHING_SELECTED" } });
    expect(files).toEqual([]);
  }
  const brackets = await restore({ include: [join(world.data, "[2024] photos")] });
  expect(brackets.outcome.failure?.message).toMatch(/have a meaning in patterns/);
  const all = await restore({ exclude: ["*"] });
  expect(all.outcome.failure?.code).toBe("NOTHING_SELECTED");
  const byArgument = await restore({}, ["--include", join(world.data, "plian")]);
  expect(byArgument.outcome.failure?.code).toBe("NOTHING_SELECTED");
});

test("C04: what is told is what was restored, not what the snapshot has", async () => {
  const { outcome, files } = await restore({ include: [join(world.data, "\\[2024\\] photos"), "dir/a.txt"] });
  expect(outcome.failure).toBeUndefined();
  expect(files).toEqual(["[2024] photos/a.jpg", "dir/a.txt"]);
  expect(outcome.restored).toMatchObject([{ files: 2, sizeBytes: "[2024] photos/a.jpg".length + "dir/a.txt".length }]);
});

test("C04: patterns that restic alone reads select something, and what, or fail", async () => {
  const list = (name: string, line: string) => {
    const path = join(world.dir, name);
    writeFileSync(path, line);
    return path;
  };
  const typo = join(world.data, "PLIAN");
  for (const args of [
    [`--iinclude=${typo}`],
    ["--iinclude", typo],
    // The oldest restic has no such options of a restore.
    ...(isOldest ? [] : [[`--include-file=${list("typo", typo)}`], ["--iinclude-file", list("typo", typo)]]),
    ...(isOldest ? [] : [[`--exclude-file=${list("all", "*")}`]]),
    [`--include=${typo}`, `--include=!${world.data}`],
    ["--iexclude=DATA"],
    ["--exclude=/*", "--exclude=!/nothing"],
  ]) {
    const { outcome, files } = await restore({}, args);
    expect(outcome, args.join(" ")).toMatchObject({ failure: { code: "NOTHING_SELECTED" } });
    expect(files).toEqual([]);
  }
  const { outcome, files } = await restore({}, ["--iinclude=A.TXT"]);
  expect(outcome).toMatchObject({ failure: undefined, warnings: [] });
  expect(files).toEqual(["a.txt", "dir/a.txt"]);
  if (!isOldest) expect(outcome.restored).toMatchObject([{ files: 2, sizeBytes: "a.txt".length + "dir/a.txt".length }]);
  // What is there already is selected all the same.
  const again = await world.restore(restic, { args: ["--iinclude=A.TXT", "--verify"], targetFolder: away });
  expect(again.failure).toBeUndefined();
});

const PART = fc.constantFrom(
  "a.txt",
  "dir",
  "deep",
  "*",
  "**",
  "?",
  "[a-d]*",
  "[^x]*",
  "*.log",
  "\\[2024\\] photos",
  "[2024]*",
  "x\\\\y",
  "b.log",
  "\\*",
);

test("patterns select what restic restores", async () => {
  const PATTERN = fc
    .tuple(fc.boolean(), fc.array(PART, { minLength: 1, maxLength: 3 }))
    .map(([isRooted, parts]) => (isRooted ? join(world.data, ...parts) : parts.join("/")));
  const RULE = fc.oneof(
    fc.array(PATTERN, { minLength: 1, maxLength: 2 }).map((include) => ({ include, exclude: [] })),
    fc.array(PATTERN, { minLength: 1, maxLength: 2 }).map((exclude) => ({ include: [], exclude })),
  );
  await fc.assert(
    fc.asyncProperty(RULE, async (rule) => {
      const isSelected = createSelection(rule);
      const expected = FILES.filter((file) => isSelected(join(world.data, file)));
      const { outcome, files } = await restore(rule);
      if (outcome.failure?.code === "NOTHING_SELECTED") expect(expected).toEqual([]);
      else expect(files).toEqual(expected);
    }),
    { numRuns: 15 },
  );
});
