/** D1: what was read decides, by the words of real restic that runs as an ordinary user. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findEarlier } from "../../agent/backup/adopt.ts";
import type { HostBackup } from "../../agent/backup/host.ts";
import { buildHostResult, type HostResult } from "../../agent/backup/outcome.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { readRecoveryPoints } from "../../shared/snapshots/recovery-points.ts";
import { snapshotTags } from "../../shared/snapshots/tags.ts";
import { unprivilegedRestic } from "../support/restic/hostile.ts";
import { createResticWorld, ORIGIN, type ResticWorld } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
let world: ResticWorld;
let restic: Restic;

beforeEach(async () => {
  world = await createResticWorld();
  chmodSync(world.dir, 0o755);
  restic = await world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
  execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
  writeFileSync(join(world.data, "readable"), "content");
});

afterEach(() => world?.stop());

async function backup(options: Partial<HostBackup> = {}): Promise<HostResult> {
  const outcomes = await world.backup(restic, options);
  return buildHostResult(outcomes, undefined, { startedAt: new Date().toISOString(), now: new Date() });
}

function secret(path: string): void {
  writeFileSync(path, "nobody reads this");
  chmodSync(path, 0o000);
}

async function points() {
  return readRecoveryPoints(await restic.snapshots({}));
}

/** The oldest restic tells the beginning of an id where it saves, the newer ones all of it. */
const idsOf = (snapshots: readonly { readonly name?: string }[]) => snapshots.map(({ name = "" }) => name.slice(0, 8));
const idsThere = async () => idsOf((await restic.snapshots({})).map(({ id: name }) => ({ name })));

describe("D1: a host", () => {
  test("whose every file was read counts none", async () => {
    const result = await backup();
    expect(result).toMatchObject({ phase: "Succeeded", warnings: [], unreadableFiles: 0 });
    expect((await points())[0]?.snapshots).toHaveLength(1);
  });

  test("of which single files can't be read succeeds, and they are counted and named once", async () => {
    mkdirSync(join(world.data, "folder"));
    for (const name of ["a", "b", "folder/c"]) secret(join(world.data, name));
    const result = await backup();
    expect(result).toMatchObject({ phase: "Succeeded", unreadableFiles: 3, snapshots: [{ unreadableFiles: 3 }] });
    expect(result.warnings).toHaveLength(3);
    expect(result.warnings[0]).toMatch(/permission denied/);
    const [point] = await points();
    expect(point).toMatchObject({ unreadableFiles: 3, snapshots: [{ path: world.data }] });
    // The snapshot that the status names is the one that is there.
    expect(await idsThere()).toEqual(idsOf(result.snapshots));
  });

  test.each([
    ["that nobody else may look into", 0o700],
    ["that may be entered and not listed", 0o711],
    ["that may be listed and not entered", 0o744],
  ])("with a folder %s fails, and what was saved is no recovery point", async (_what, mode) => {
    const folder = join(world.data, "pgdata");
    mkdirSync(folder);
    writeFileSync(join(folder, "1"), "data");
    chmodSync(folder, mode);
    const result = await backup();
    expect(result).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE", snapshots: [] });
    expect(result.error).toContain(folder);
    expect(result.error).toMatch(/next: .*right to read/);
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
    // The part that was read is still there for who has nothing else.
    const [kept] = await restic.snapshots({});
    expect(kept?.tags).toContain("incomplete=FILES_UNREADABLE");
  });

  test("of which nothing at all was read fails: t10's folder of folders of another user", async () => {
    rmSync(join(world.data, "readable"));
    for (let at = 0; at < 50; at += 1) {
      mkdirSync(join(world.data, `d${at}`));
      writeFileSync(join(world.data, `d${at}`, "file"), "x".repeat(1_000));
      chmodSync(join(world.data, `d${at}`), 0o700);
    }
    const result = await backup();
    expect(result).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE", snapshots: [] });
    expect(result.warnings.length).toBeLessThanOrEqual(21);
  });

  test("of which only unreadable files are there fails", async () => {
    rmSync(join(world.data, "readable"));
    secret(join(world.data, "a"));
    expect(await backup()).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE", snapshots: [] });
  });

  test("whose path can't be read fails, a folder or a file", async () => {
    chmodSync(world.data, 0o700);
    expect(await backup()).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE", snapshots: [] });
    const file = join(world.dir, "file");
    secret(file);
    expect(await backup({ paths: [file] })).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE" });
  });

  test("with one good path and one bad one fails, reports the good snapshot, and is no recovery point", async () => {
    const bad = join(world.dir, "bad");
    mkdirSync(bad, { mode: 0o700 });
    const result = await backup({ paths: [world.data, bad] });
    expect(result).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE", snapshots: [{ path: world.data }] });
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  });

  test("of which files vanish while they are read is whole", async () => {
    const folder = join(world.data, "busy");
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    const gone: string[] = [];
    const heard: Restic = {
      ...restic,
      backup: (order, options) =>
        restic.backup(order, {
          ...options,
          onMessage(message) {
            if (message.kind === "error") gone.push(message.text);
            options.onMessage?.(message);
          },
        }),
    };
    // Names come and go all the time: restic lists some that it does not find any more.
    const script = `cd "${folder}"; while :; do i=$((i+1)); touch $0$i-{1..400}; mkdir $0d$i-{1..50}; rm -rf $0$i-* $0d$i-*; done`;
    const churns = ["a", "b"].map((name) => spawn("bash", ["-c", script, name]));
    const until = performance.now() + 120_000;
    try {
      for (let round = 0; round < 3 || (gone.length === 0 && performance.now() < until); round += 1) {
        const [outcome] = await world.backup(heard);
        expect(outcome).toMatchObject({ kind: "saved", warnings: [] });
        expect(outcome).not.toHaveProperty("snapshot.unreadableFiles");
      }
      expect(gone.length).toBeGreaterThan(0);
    } finally {
      const ended = churns.map((churn) => new Promise((resolve) => churn.once("close", resolve)));
      for (const churn of churns) churn.kill("SIGKILL");
      await Promise.all(ended);
    }
  }, 180_000);

  test("C25: with a folder that the file system keeps for itself is whole", async () => {
    mkdirSync(join(world.data, "lost+found"), { mode: 0o700 });
    expect(await backup()).toMatchObject({ phase: "Succeeded", unreadableFiles: 0, warnings: [] });
  });

  test("whose unreadable folder is excluded is whole", async () => {
    mkdirSync(join(world.data, "private"), { mode: 0o700 });
    const result = await backup({ exclude: [join(world.data, "private")] });
    expect(result).toMatchObject({ phase: "Succeeded", unreadableFiles: 0, warnings: [] });
  });
});

describe("a start of the agent that comes after another", () => {
  const origin = { path: "", host: "host-0", origin: ORIGIN };
  const adopting = {
    adopt: (path: string) => findEarlier(restic, { ...origin, path }, signal),
  };
  const tags = [...snapshotTags(ORIGIN), "paths=1"].flatMap((tag) => ["--tag", tag]);

  /** restic made its snapshot, and its agent was killed before it could tell or mark anything. */
  async function killedAgent(): Promise<void> {
    await restic.run(["backup", "--host", "host-0", ...tags, world.data], {});
    expect(await restic.snapshots({})).toHaveLength(1);
  }

  async function again(): Promise<HostResult> {
    const outcomes = await world.backup(restic, {}, signal, adopting);
    return buildHostResult(outcomes, undefined, { startedAt: new Date().toISOString(), now: new Date() });
  }

  test("does not take for whole what nobody knows to be, and doubles nothing", async () => {
    secret(join(world.data, "a"));
    await killedAgent();
    const result = await again();
    expect(result).toMatchObject({ phase: "Succeeded", unreadableFiles: 1 });
    expect(await idsThere()).toEqual(idsOf(result.snapshots));
    // What is known is taken as it is.
    const third = await again();
    expect(idsOf(third.snapshots)).toEqual(idsOf(result.snapshots));
    expect(third).toMatchObject({ phase: "Succeeded", unreadableFiles: 1 });
  });

  test("leaves no recovery point where a folder can't be read", async () => {
    mkdirSync(join(world.data, "private"), { mode: 0o700 });
    await killedAgent();
    expect(await again()).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE" });
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
    expect(await restic.snapshots({})).toHaveLength(1);
  });
});

test("a start of the agent takes over, and takes away, nothing of an earlier session of that name", async () => {
  const at = (time: string) => ({ ...ORIGIN, session: { ...ORIGIN.session, time } });
  secret(join(world.data, "secret"));
  const old = await backup({ origin: at("2026-01-01T00:00:00Z") });
  const origin = at("2026-01-02T00:00:00Z");
  const adopt = (path: string) => findEarlier(restic, { path, host: "host-0", origin }, signal);
  expect(await adopt(world.data)).toEqual({ unsure: [] });
  await world.backup(restic, { origin }, signal, { adopt });
  expect(await idsThere()).toEqual(expect.arrayContaining([...idsOf(old.snapshots)]));
  expect(await points()).toHaveLength(2);
});

describe("a path that selects nothing", () => {
  test("since all that is there is excluded fails", async () => {
    const byPattern = await backup({ exclude: ["readable"] });
    expect(byPattern).toMatchObject({ phase: "Failed", reason: "NOTHING_SELECTED", snapshots: [] });
    expect(await backup({ exclude: [world.data] })).toMatchObject({ phase: "Failed", reason: "NOTHING_SELECTED" });
    const byArgument = await backup({ args: ["--exclude-larger-than", "1"] });
    expect(byArgument).toMatchObject({ phase: "Failed", reason: "NOTHING_SELECTED" });
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  });

  test("since it is empty is saved as it is, and says so", async () => {
    rmSync(join(world.data, "readable"));
    const result = await backup();
    expect(result).toMatchObject({ phase: "Succeeded", unreadableFiles: 0 });
    expect(result.warnings).toEqual([`${world.data} holds no file`]);
  });

  test("C01: a symbolic link fails, with where it leads", async () => {
    const link = join(world.dir, "current");
    symlinkSync("data", link);
    for (const path of [link, `${link}/`, `${link}/.`]) {
      const result = await backup({ paths: [path] });
      expect(result).toMatchObject({ phase: "Failed", reason: "PATH_IS_LINK", snapshots: [] });
      expect(result.error).toContain(world.data);
    }
    symlinkSync("nowhere", join(world.dir, "broken"));
    expect(await backup({ paths: [join(world.dir, "broken")] })).toMatchObject({ reason: "PATH_IS_LINK" });
    expect(await restic.snapshots({})).toEqual([]);
  });

  test("since it does not exist fails", async () => {
    expect(await backup({ paths: [join(world.dir, "nope")] })).toMatchObject({ reason: "PATH_NOT_FOUND" });
  });

  test("since no mount reaches it fails, where mounts are known", async () => {
    const mounts = ["/", "/proc", join(world.data, "deep")];
    const inside = join(world.dir, "image");
    mkdirSync(inside);
    writeFileSync(join(inside, "file"), "of the image");
    const result = await backup({ paths: [inside], mounts });
    expect(result).toMatchObject({ phase: "Failed", reason: "PATH_NOT_FOUND" });
    expect(result.error).toMatch(/no volume/);
    // A folder that holds a mount, one that is one, and what lies in one.
    for (const mount of [world.data, world.dir]) {
      expect(await backup({ mounts: ["/", mount] })).toMatchObject({ phase: "Succeeded", warnings: [] });
    }
    const deep = join(world.data, "deep");
    for (const held of [[deep], [deep, join(deep, "inner")]]) {
      const result = await backup({ mounts: ["/", ...held] });
      expect(result).toMatchObject({
        phase: "Succeeded",
        warnings: [expect.stringContaining(`of ${world.data} only ${deep} is saved: `)],
      });
    }
  });
});

test("C02: a path is the same however it is written", async () => {
  const ways = [`${world.data}/`, `${world.dir}//data`, `${world.dir}/./data`, `${world.dir}/x/../data`];
  const result = await backup({ paths: ways });
  expect(result.snapshots.map(({ path }) => path)).toEqual([world.data]);
  rmSync(join(world.data, "readable"));
  const open = await world.open();
  for (const path of ways) {
    const restored = await world.restore(open, { rules: [{ paths: [path] }] });
    expect(restored.failure).toBeUndefined();
  }
});
