import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processTicks, trackRestic } from "../../../../agent/locks/running-restic.ts";

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "stash-batch-running-"));
});
afterEach(() => rmSync(scratch, { recursive: true }));

/** Leaves a record as a process that is dead by now would have. */
function leaveRecord(pid: number, ticks: string): void {
  const folder = join(scratch, "restic-processes");
  mkdirSync(folder, { recursive: true });
  const dead = { owner: 999_999_999, ownerTicks: "1", parent: 1, parentTicks: "1" };
  writeFileSync(join(folder, "left.json"), JSON.stringify({ pid, ticks, startedAtMs: 1_000, ...dead }));
}

test("a process is told apart from a later one of the same number by its start", () => {
  expect(processTicks(process.pid)).toMatch(/^\d+$/);
  expect(processTicks(999_999_999)).toBeUndefined();
});

test("what this process started is its own business, and forgotten when it ended by itself", async () => {
  const running = trackRestic(scratch);
  const done = running.add(process.pid);
  await running.settle(SILENT);
  expect(running.dead()).toEqual([]);
  done(true);
  expect(readdirSync(join(scratch, "restic-processes"))).toEqual([]);
});

test("what was ended is known as dead: it may have left a lock", () => {
  const running = trackRestic(scratch);
  running.add(4_711)(false);
  expect(running.dead()).toMatchObject([{ pid: 4_711 }]);
});

test("L33: what an earlier start left running is ended, and known as dead from then on", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const ended = once(child, "exit");
  leaveRecord(child.pid ?? 0, processTicks(child.pid ?? 0) ?? "");
  const running = trackRestic(scratch);
  await running.settle(SILENT);
  await ended;
  expect(child.signalCode).toBe("SIGTERM");
  const first = running.dead();
  expect(first).toMatchObject([{ pid: child.pid, startedAtMs: 1_000 }]);
  await running.settle(SILENT);
  expect(running.dead()).toEqual(first);
});

test("a process that took over the number of a dead one is left alone", async () => {
  leaveRecord(process.pid, "1");
  const running = trackRestic(scratch);
  await running.settle(SILENT);
  expect(running.dead()).toMatchObject([{ pid: process.pid }]);
});

test("a record that can't be read is dropped", async () => {
  leaveRecord(1, "1");
  const path = join(scratch, "restic-processes", "left.json");
  writeFileSync(path, readFileSync(path, "utf8").slice(0, 20));
  await trackRestic(scratch).settle(SILENT);
  expect(readdirSync(join(scratch, "restic-processes"))).toEqual([]);
});
