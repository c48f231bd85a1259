/** What a restore may not set, and where it may not write at all. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { resticWithoutChown } from "../support/restic/hostile.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

/** restic 0.14 says nothing of attributes that it could not set. */
const isOldest = process.env["STASH_BATCH_TEST_RESTIC"] === "oldest";
/** security.capability of a program that may use raw sockets. */
const CAPABILITY = "0sAQAAAgAgAAAAAAAAAAAAAAAAAAA=";

let world: ResticWorld;
let restic: Restic;
let away: string;

beforeEach(async () => {
  world = await createResticWorld();
  restic = await world.open();
  away = join(world.dir, "away");
  mkdirSync(away);
  await ensureRepository(restic, new AbortController().signal);
  for (const name of ["ping", "traceroute", "plain"]) writeFileSync(join(world.data, name), name);
});

afterEach(() => world?.stop());

/** A restic with the rights that the container of a restore keeps. */
function openWithFewRights(): Promise<Restic> {
  const path = join(world.dir, "restic-with-few-rights");
  const kept = "-all,+chown,+dac_override,+fowner";
  const few = `setpriv --bounding-set ${kept} --inh-caps ${kept} --clear-groups --no-new-privs`;
  writeFileSync(path, `#!/bin/sh\nexec ${few} restic "$@"\n`, { mode: 0o755 });
  return world.open(undefined, {}, { STASH_RESTIC: path });
}

const contentOf = (name: string) => readFileSync(join(away, world.data, name), "utf8");

describe("C06: metadata that the container may not set", () => {
  test("attributes: the data is restored, and their number is told", async () => {
    for (const name of ["ping", "traceroute"]) {
      execFileSync("setfattr", ["-n", "security.capability", "-v", CAPABILITY, join(world.data, name)]);
    }
    await world.backup(restic);
    const outcome = await world.restore(await openWithFewRights(), { targetFolder: away });
    expect(outcome).toMatchObject({ failure: undefined, restored: [{ files: 3 }] });
    expect(["ping", "traceroute", "plain"].map(contentOf)).toEqual(["ping", "traceroute", "plain"]);
    if (isOldest) return;
    expect(outcome.warnings).toEqual([
      expect.stringMatching(
        /^extended attributes of 2 files or folders could not be set, first .*security\.capability/,
      ),
    ]);
  });

  test("owners: the same, and whoever asked for a comparison hears that there was none", async () => {
    execFileSync("chown", ["1234:1234", join(world.data, "plain")]);
    await world.backup(restic);
    const poor = await world.open(undefined, {}, { STASH_RESTIC: resticWithoutChown(world.dir) });
    const outcome = await world.restore(poor, { targetFolder: away, isVerified: true });
    expect(outcome.failure).toBeUndefined();
    expect(contentOf("plain")).toBe("plain");
    expect(outcome.warnings).toEqual([
      expect.stringMatching(/^owners of 1 file or folder could not be set, first .*plain/),
      expect.stringMatching(/not compared/),
    ]);
  });

  test("owners of folders above alone: nothing is warned of but the comparison, where somebody asked for one", async () => {
    execFileSync("chown", ["1234:1234", world.dir]);
    await world.backup(restic);
    const poor = await world.open(undefined, {}, { STASH_RESTIC: resticWithoutChown(world.dir) });
    const quiet = await world.restore(poor, { targetFolder: away });
    expect(quiet).toMatchObject({ failure: undefined, warnings: [] });
    for (const wish of [{ isVerified: true }, { args: ["--verify"] }]) {
      const asked = await world.restore(poor, { targetFolder: away, ...wish });
      expect(asked).toMatchObject({ failure: undefined, warnings: [expect.stringMatching(/not compared/)] });
    }
    const whole = await world.restore(restic, { targetFolder: away, isVerified: true });
    expect(whole).toMatchObject({ failure: undefined, warnings: [] });
  });

  test("beside a file that can't be written is no excuse for it", async () => {
    execFileSync("chown", ["1234:1234", join(world.data, "plain")]);
    await world.backup(restic);
    // A folder that holds something stands where a file belongs.
    mkdirSync(join(away, world.data, "ping", "full"), { recursive: true });
    const poor = await world.open(undefined, {}, { STASH_RESTIC: resticWithoutChown(world.dir) });
    const outcome = await world.restore(poor, { targetFolder: away });
    expect(outcome.failure).toBeDefined();
    expect(existsSync(join(away, world.data, "ping", "full"))).toBe(true);
  });
});

describe("C13: what stands in the way of a restore and can't be removed", () => {
  beforeEach(async () => {
    await world.backup(restic);
    mkdirSync(join(away, world.data), { recursive: true });
  });

  test("on a mount that is read-only is told with its path, and what to do", async () => {
    symlinkSync("plain", join(away, world.data, "ping"));
    execFileSync("mount", ["--bind", away, away]);
    try {
      execFileSync("mount", ["-o", "remount,bind,ro", away]);
      const { failure } = await world.restore(restic, { targetFolder: away });
      expect(failure).toMatchObject({ code: "PERMISSION_DENIED", next: expect.stringMatching(/readOnly/) });
      expect(failure?.message).toContain(join(away, world.data, "ping"));
    } finally {
      execFileSync("umount", [away]);
    }
  });

  test("since something is mounted there is told too", async () => {
    const place = join(away, world.data, "ping");
    execFileSync("mkfifo", [place, join(world.dir, "pipe")]);
    execFileSync("mount", ["--bind", join(world.dir, "pipe"), place]);
    try {
      const { failure } = await world.restore(restic, { targetFolder: away });
      expect(failure).toMatchObject({ code: "PERMISSION_DENIED", next: expect.stringMatching(/mounted/) });
      expect(failure?.message).toContain(place);
    } finally {
      execFileSync("umount", [place]);
    }
  });
});
