/** Arguments and variables of a user that restic itself reads: what the status says is what restic did. */
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;

beforeAll(async () => {
  world = await createResticWorld();
  writeFileSync(join(world.data, "a"), "content");
});

afterAll(() => world?.stop());

test("a backup has the product's host and output, whatever the user's arguments say", async () => {
  const restic = await world.open();
  const args = ["--host=other", "--json=false", "--quiet", "--tag", "team=a"];
  const [outcome] = await world.backup(restic, { args });
  expect(outcome).toMatchObject({ kind: "saved" });
  const [snapshot, ...others] = await restic.snapshots({});
  expect(snapshot).toMatchObject({ hostname: "host-0" });
  expect(snapshot?.tags).toContain("team=a");
  expect(others).toEqual([]);
});

test("a host that a variable names is none that lists are cut down to", async () => {
  const restic = await world.open(undefined, {}, { RESTIC_HOST: "nobody" });
  expect(await restic.snapshots({})).toHaveLength(1);
});

test("a restore that restic only ended well is none", async () => {
  rmSync(join(world.data, "a"));
  const restic = await world.open();
  const helped = await world.restore(restic, { args: ["--help"] });
  expect(helped).toMatchObject({ restored: [], failure: { code: "RESTIC_FAILED" } });
  const idle = join(world.dir, "idle");
  writeFileSync(idle, '#!/bin/sh\ncase "$*" in *restore*) exit 0;; esac\nexec restic "$@"\n');
  chmodSync(idle, 0o755);
  const nothing = await world.restore(await world.open(undefined, {}, { STASH_RESTIC: idle }));
  expect(nothing).toMatchObject({ restored: [], failure: { code: "RESTIC_FAILED" } });
  expect(existsSync(join(world.data, "a"))).toBe(false);
});

test("a restore is one with output that the user turned off, and is compared where the product says so", async () => {
  const restic = await world.open();
  for (const args of [["--quiet"], ["--json"], ["--json", "--quiet", "--verify=0"]]) {
    rmSync(join(world.data, "a"), { force: true });
    expect(await world.restore(restic, { args, isVerified: true })).toMatchObject({ failure: undefined, warnings: [] });
    expect(existsSync(join(world.data, "a"))).toBe(true);
  }
});
