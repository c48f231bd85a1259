/** Work on a repository in a folder by another user than its owner: whatever that one writes, the owner could not read. */
import { execFileSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAsked } from "../../agent/commands/restic.ts";
import { findOtherOwner } from "../../agent/maintain/other-owner.ts";
import { actionRun, mountSecret, reportOf } from "../support/restic/action-reports.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const OWNER = { user: 1234, group: 4321 };
const ACTIONS = ["VerifyRepositoryIntegrity", "PruneRepository"] as const;

let world: ResticWorld;
let secretsRoot: string;

beforeAll(async () => {
  world = await createResticWorld();
  secretsRoot = await mountSecret(world);
  await writeFile(join(world.data, "file"), "content");
  await world.backup(await world.open());
});

afterAll(() => world.stop());

const aRun = (work: "Backup" | "Maintain") => actionRun(world, work, ACTIONS);

const ofOthers = () =>
  execFileSync("find", [world.repository, "!", "-user", String(OWNER.user)], { encoding: "utf8" }).trim();

test("is done where the repository is its own", async () => {
  const told = await reportOf(world, aRun("Maintain"), secretsRoot);
  expect(told["results"]).toMatchObject(ACTIONS.map((action) => ({ action, phase: "Succeeded" })));
  expect(told["owner"]).toBeUndefined();
});

test("is left alone, and whose it is is told", async () => {
  execFileSync("chown", ["-R", `${OWNER.user}:${OWNER.group}`, world.repository]);
  const told = await reportOf(world, aRun("Maintain"), secretsRoot);
  expect(told["owner"]).toEqual(OWNER);
  expect(told["results"]).toMatchObject(
    ACTIONS.map((action) => ({ action, phase: "Failed", reason: "REPOSITORY_OWNER" })),
  );
  expect(ofOthers()).toBe("");
  expect((await readdir(world.repository)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("by hand is refused with the user to run it as, and reading is not", async () => {
  const restic = await world.open();
  const { signal } = new AbortController();
  for (const command of [["prune"], ["check"], ["key", "add"], ["repair", "index"]]) {
    await expect(runAsked(restic, command, signal)).rejects.toMatchObject({
      code: "REPOSITORY_OWNER",
      next: "run it with --run-as=1234:4321",
    });
  }
  expect(await runAsked(restic, ["snapshots", "--quiet", "--no-lock"], signal)).toBe(0);
  expect(ofOthers()).toBe("");
});

test("is a matter of nobody where there is no repository: restic says so", async () => {
  expect(await findOtherOwner(join(world.dir, "nowhere"))).toBeUndefined();
  expect(await findOtherOwner(join(world.dir, "scratch"))).toBeUndefined();
});
