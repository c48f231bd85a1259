/** That what is known of a snapshot only afterwards is known to everybody, also while others use the repository for long. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findEarlier } from "../../agent/backup/adopt.ts";
import type { HostBackup } from "../../agent/backup/host.ts";
import { buildHostResult, type HostResult } from "../../agent/backup/outcome.ts";
import { setAside, writeVerdict } from "../../agent/backup/write-verdict.ts";
import { findById } from "../../agent/job/find-by-id.ts";
import { runAction } from "../../agent/maintain/actions.ts";
import type { ActionPorts } from "../../agent/maintain/ports.ts";
import { gatherListing } from "../../agent/maintain/told-points.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { isCompletePoint } from "../../shared/snapshots/point-parts.ts";
import { readRecoveryPoints } from "../../shared/snapshots/recovery-points.ts";
import { invokerTag, recordTags, type SnapshotOrigin, snapshotTags } from "../../shared/snapshots/tags.ts";
import { eventually } from "../support/eventually.ts";
import { unprivilegedRestic } from "../support/restic/hostile.ts";
import { createResticWorld, ORIGIN, PASSWORD, type ResticWorld } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
const plainly: ActionPorts["withLock"] = (run) => run();
let world: ResticWorld;
let restic: Restic;
let other: ChildProcess | undefined;

beforeEach(async () => {
  world = await createResticWorld();
  chmodSync(world.dir, 0o755);
  restic = await world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
  execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
  writeFileSync(join(world.data, "file"), "content");
});

afterEach(async () => {
  await endOther();
  await world?.stop();
});

/** Another host's backup of the same repository, which lasts until it is ended. */
async function startOther(): Promise<void> {
  const env = { ...process.env, RESTIC_PASSWORD: PASSWORD, RESTIC_REPOSITORY: world.repository };
  other = spawn("restic", ["backup", "--stdin", "--no-cache", "--host", "other"], {
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const locks = join(world.repository, "locks");
  const modes = () =>
    readdirSync(locks).map((name) => statSync(join(locks, name), { throwIfNoEntry: false })?.mode ?? 0);
  // restic's last step closes the file to who writes; what is opened to all before that would be closed to all.
  await eventually(modes, (all) => all.some((mode) => mode !== 0 && (mode & 0o222) === 0), 30_000);
  execFileSync("chmod", ["-R", "a+rwX", world.repository]);
  // It is really in the way of whoever wants the repository for himself.
  expect((await restic.run(["tag", "--add", "x"], {})).code).not.toBe(0);
}

async function endOther(): Promise<void> {
  const ending = other;
  if (ending === undefined) return;
  other = undefined;
  const ended = new Promise((resolve) => ending.once("close", resolve));
  ending.kill("SIGKILL");
  await ended;
  rmSync(join(world.repository, "locks"), { recursive: true, force: true });
  mkdirSync(join(world.repository, "locks"), { mode: 0o777 });
  chmodSync(join(world.repository, "locks"), 0o777);
}

async function backup(options: Partial<HostBackup> = {}, ports = {}): Promise<HostResult> {
  const outcomes = await world.backup(restic, options, signal, ports);
  return buildHostResult(outcomes, undefined, { startedAt: new Date().toISOString(), now: new Date() });
}

function spoil(what: "file" | "folder"): void {
  const path = join(world.data, `secret-${what}`);
  if (what === "file") writeFileSync(path, "nobody reads this");
  else mkdirSync(path);
  chmodSync(path, 0o000);
}

async function points() {
  return readRecoveryPoints(await restic.snapshots({}));
}

/** What restic itself lists. */
async function rawCount(): Promise<number> {
  const lines: string[] = [];
  await restic.run(["snapshots", "--json", "--no-lock"], { onLine: (line) => lines.push(line) });
  return lines.join("").match(/"short_id"/g)?.length ?? 0;
}

function originOf(day: number): SnapshotOrigin {
  return {
    ...ORIGIN,
    session: { namespace: "demo", name: `s-${day}`, time: `2026-01-0${day}T00:00:00Z` },
  };
}

function retain(day: number, keepLast: number, incomplete: readonly string[] = []) {
  return runAction("ApplyRetentionPolicy", {
    restic,
    signal,
    policy: { name: "few", keepLast, prune: false },
    scope: () => ({
      invokerTag: invokerTag(ORIGIN.invoker),
      sessionTag: `session=demo/s-${day}`,
      incomplete,
      untagged: [],
    }),
    readDataSubset: undefined,
    withLock: plainly,
  });
}

describe("D1: while another host's backup goes on", () => {
  beforeEach(startOther);

  test("a host of which a file can't be read succeeds at once, and the number stays known", async () => {
    spoil("file");
    const result = await backup();
    expect(result).toMatchObject({ phase: "Succeeded", unreadableFiles: 1, snapshots: [{ unreadableFiles: 1 }] });
    expect(result.warnings).toHaveLength(1);
    expect(await points()).toMatchObject([{ unreadableFiles: 1, snapshots: [{ path: world.data }] }]);
  });

  test("what lacks a folder is no recovery point, and needs no session to say so", async () => {
    spoil("folder");
    const result = await backup();
    expect(result).toMatchObject({
      phase: "Failed",
      reason: "FILES_UNREADABLE",
      snapshots: [],
      warnings: [expect.anything()],
    });
    const all = await restic.snapshots({});
    expect(all).toMatchObject([{ paths: [world.data], tags: expect.arrayContaining(["incomplete=FILES_UNREADABLE"]) }]);
    expect(isCompletePoint(all)).toBe(false);
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
    // What was read stays for who names it.
    const [id = ""] = all.map((snapshot) => snapshot.id);
    expect(await findById([id], { restic, signal })).toHaveLength(1);
  });

  test("what is left out as a whole is no recovery point", async () => {
    expect(await backup({ exclude: ["*"] })).toMatchObject({ phase: "Failed", reason: "NOTHING_SELECTED" });
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  });

  test("what an earlier start left counts no more than the one that came after it", async () => {
    const tags = [...snapshotTags(ORIGIN), ...recordTags(ORIGIN, 1)].flatMap((tag) => ["--tag", tag]);
    await restic.run(["backup", "--host", "host-0", ...tags, world.data], {});
    spoil("folder");
    const adopt = (path: string) => findEarlier(restic, { path, host: "host-0", origin: ORIGIN }, signal);
    const result = await backup({}, { adopt });
    expect(result).toMatchObject({ phase: "Failed", reason: "FILES_UNREADABLE", warnings: [expect.anything()] });
    expect(isCompletePoint(await restic.snapshots({}))).toBe(false);
    expect((await points()).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  });

  test("a run that is cancelled when restic has ended says it all the same", async () => {
    spoil("folder");
    const end = new AbortController();
    const withLock: ActionPorts["withLock"] = async (run) => {
      const exit = await run();
      end.abort();
      return exit;
    };
    await world.backup(restic, {}, end.signal, { withLock });
    const all = await restic.snapshots({});
    expect(all).toHaveLength(1);
    expect(isCompletePoint(all)).toBe(false);
  });
});

test("D1: a verdict that is refused fails no host that saved its files, and is told", async () => {
  spoil("file");
  let calls = 0;
  const withLock: ActionPorts["withLock"] = (run) => {
    calls += 1;
    if (calls === 1) return run();
    const tail = ["unable to create lock in backend: repository is already locked exclusively by PID 1 on x by root"];
    return Promise.resolve({ code: 1, tail, stopped: undefined, signal: undefined, durationMs: 0 });
  };
  const result = await backup({}, { withLock });
  expect(result).toMatchObject({ phase: "Succeeded", unreadableFiles: 1, error: "" });
  expect(result.warnings).toEqual([expect.anything(), expect.stringMatching(/lacks 1 files.*written down.*lock/)]);
});

test("D4: a verdict is no snapshot of anybody, is not counted, and goes with its snapshot", async () => {
  await backup({ origin: originOf(1) });
  spoil("file");
  await backup({ origin: originOf(2) });
  chmodSync(join(world.data, "secret-file"), 0o644);
  await backup({ origin: originOf(3) });
  expect(await restic.snapshots({})).toHaveLength(3);
  expect(await rawCount()).toBe(4);
  const listing = await gatherListing(restic, undefined, { signal, log: world.log });
  expect(listing?.points.map(({ complete, unreadableFiles }) => [complete, unreadableFiles])).toEqual([
    [true, undefined],
    [true, 1],
    [true, undefined],
  ]);
  const ports = {
    restic,
    signal,
    policy: undefined,
    scope: () => never(),
    readDataSubset: undefined,
    withLock: plainly,
  };
  const verdicts = () => listing?.verdicts;
  expect(await runAction("SendRepositoryMetrics", { ...ports, verdicts })).toMatchObject({
    facts: { snapshotCount: 3 },
  });
  expect(await runAction("SendRepositoryMetrics", ports)).toMatchObject({ facts: { snapshotCount: 3 } });
  expect(await retain(3, 1)).toMatchObject({ kind: "done", facts: { kept: 1, removed: 2 } });
  expect(await rawCount()).toBe(1);
});

function never(): never {
  throw new Error("no policy is asked for here");
}

test("D4: a verdict whose snapshot somebody else took goes at the next retention, and no other one", async () => {
  spoil("file");
  await backup({ origin: originOf(1) });
  const foreign = { ...originOf(1), invoker: { ...ORIGIN.invoker, name: "another" } };
  await backup({ origin: foreign, hostname: "host-1" });
  await backup({ origin: originOf(2) });
  const [first] = await restic.snapshots({});
  expect((await restic.run(["forget", first?.id ?? ""], {})).code).toBe(0);
  expect(await rawCount()).toBe(5);
  expect(await retain(2, 5)).toMatchObject({ facts: { removed: 0 } });
  expect(await rawCount()).toBe(4);
  expect((await points()).map(({ unreadableFiles }) => unreadableFiles)).toEqual([1, 1]);
});

test("D4: verdicts of others whose snapshots are there cost a retention no further list", async () => {
  spoil("file");
  const foreign = { ...originOf(1), invoker: { ...ORIGIN.invoker, name: "another" } };
  await backup({ origin: foreign, hostname: "host-1" });
  await backup({ origin: originOf(1) });
  let lists = 0;
  const listing = restic;
  restic = {
    ...listing,
    snapshots(...how) {
      lists += 1;
      return listing.snapshots(...how);
    },
  };
  expect(await retain(1, 5)).toMatchObject({ facts: { kept: 1, removed: 0 } });
  expect(lists).toBe(1);
  expect(await rawCount()).toBe(4);
});

test("D4: bad nights beside others' long backups push no good point out, also when no session is there to tell", async () => {
  for (const day of [1, 2, 3]) await backup({ origin: originOf(day) });
  spoil("folder");
  for (const day of [4, 5, 6, 7, 8]) {
    await startOther();
    expect(await backup({ origin: originOf(day) })).toMatchObject({ phase: "Failed" });
    await endOther();
    expect(await retain(day, 3)).toMatchObject({ kind: "done" });
  }
  const whole = (await points()).filter(({ snapshots }) => snapshots.length > 0);
  expect(whole.map(({ session }) => session)).toEqual(["s-3", "s-2", "s-1"]);
}, 120_000);

test("D4: what a session knows of a snapshot whose pod died before it could tell outlives the session", async () => {
  for (const day of [1, 2]) await backup({ origin: originOf(day) });
  // restic made its snapshot, and nobody was left to say what it lacks.
  for (const day of [3, 4, 5]) {
    await backup({ origin: originOf(day) });
    await startOther();
    expect(await retain(day, 2, [`demo/s-${day}`])).toMatchObject({ kind: "done" });
    await endOther();
  }
  const whole = (await points()).filter(({ snapshots }) => snapshots.length > 0);
  expect(whole.map(({ session }) => session)).toEqual(["s-2", "s-1"]);
  expect(await retain(5, 2)).toMatchObject({ facts: { kept: 5, removed: 0 } });
});

test("a verdict holds for a snapshot that somebody tagged or copied since, and for no other one", async () => {
  await backup({ origin: originOf(1) });
  await backup({ origin: originOf(2) });
  const [first, second] = await restic.snapshots({});
  await writeVerdict(first?.id ?? "", ["incomplete=FILES_UNREADABLE"], { restic, withLock: plainly });
  expect((await restic.run(["tag", "--add", "theirs", first?.id ?? ""], {})).code).toBe(0);
  const after = await restic.snapshots({});
  expect(after.filter(({ tags }) => tags.includes("incomplete=FILES_UNREADABLE"))).toMatchObject([
    { original: first?.id, tags: expect.arrayContaining(["theirs"]) },
  ]);
  expect(after.find(({ id }) => id === second?.id)?.tags).not.toContain("incomplete=FILES_UNREADABLE");
});

test("the tags by which earlier versions said so count still, also where the snapshot of before could not be removed", async () => {
  await backup({ origin: originOf(1) });
  const kept = join(world.dir, "kept");
  cpSync(join(world.repository, "snapshots"), kept, { recursive: true });
  const [first] = await restic.snapshots({});
  expect((await restic.run(["tag", "--add", "incomplete=FILES_UNREADABLE", first?.id ?? ""], {})).code).toBe(0);
  // As where the store lets nobody remove anything.
  cpSync(kept, join(world.repository, "snapshots"), { recursive: true });
  execFileSync("chmod", ["-R", "a+rwX", world.repository]);
  const all = await restic.snapshots({});
  expect(all).toHaveLength(2);
  expect(readRecoveryPoints(all).flatMap(({ snapshots }) => snapshots)).toEqual([]);
  expect(isCompletePoint(all)).toBe(false);
});

test("what is not whole gives way to a newer one of its kind, with its verdict", async () => {
  spoil("folder");
  for (const day of [1, 2]) await backup({ origin: originOf(day) });
  expect(await restic.snapshots({})).toMatchObject([{ tags: expect.arrayContaining(["session=demo/s-2"]) }]);
  expect(await rawCount()).toBe(2);
});

test("a verdict that can't be written is told by who sets a snapshot aside", { timeout: 180_000 }, async () => {
  const { snapshots } = await backup();
  const [{ name = "" } = {}] = snapshots;
  chmodSync(join(world.repository, "snapshots"), 0o555);
  const saved = { host: "host-0", path: world.data, tags: snapshotTags(ORIGIN) };
  const told = await setAside(saved, name, "FILES_UNREADABLE", { restic, signal, withLock: plainly });
  expect(told).toEqual([expect.stringMatching(/not whole, which could not be written down/)]);
});
