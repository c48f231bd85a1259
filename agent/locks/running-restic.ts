/**
 * Which restic processes this container started, kept in the scratch folder. It outlives the container's main process, so the
 * next start can end a restic that was left behind, and can tell a lock of a dead one from anybody else's: by process number
 * and by time, since pods of other namespaces or clusters may carry the same host name.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readerOf } from "../../shared/api/parse.ts";
import { int64, object, optional, text } from "../../shared/api/schema.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import type { Logger } from "../log.ts";

/** A process, told apart from a later one with the same number by its start time. */
interface ProcessMark {
  readonly pid: number;
  /** Clock ticks since the machine started, as /proc tells. */
  readonly ticks: string;
}

/** A restic that is known to have ended without removing its lock. */
export interface DeadRestic {
  readonly pid: number;
  readonly startedAtMs: number;
  /** Nothing that this process did is newer. */
  readonly goneAtMs: number;
}

const recordSchema = object({
  pid: int64,
  ticks: text,
  owner: int64,
  ownerTicks: text,
  /** Who started the owner: workers of the same start of the container have the same one. */
  parent: int64,
  parentTicks: text,
  startedAtMs: int64,
  /** Written when it is found dead. */
  goneAtMs: optional(int64),
});
const parseRecord = readerOf(recordSchema, () => "record");
type RunningRecord = ReturnType<typeof parseRecord>;

const STOP_LIMIT_MS = 10_000;
const KILL_LIMIT_MS = 10_000;
const STOP_POLL_MS = 100;
/** Its locks are stale by restic's own rule long before. */
const FORGET_AFTER_MS = 2 * 3_600_000;

/** Start time of a process; undefined when there is none of that number. */
export function processTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name, is in brackets and may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const isZombie = fields[0] === "Z";
    return isZombie ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isAlive(mark: ProcessMark): boolean {
  return processTicks(mark.pid) === mark.ticks;
}

/** It may end between the look and the signal. */
function sendSignal(mark: ProcessMark, signal: NodeJS.Signals): void {
  try {
    process.kill(mark.pid, signal);
  } catch (error) {
    if (isAlive(mark)) throw error;
  }
}

export interface RunningRestic {
  /** Remembers a process. The returned function is called when it has ended; cleanly, if it had the time to unlock. */
  add(pid: number): (isClean: boolean) => void;
  /** Ends what an earlier start of the container left, so that nothing of it works beside this one. */
  settle(log: Logger): Promise<void>;
  /** Processes of this container that ended without unlocking, not long ago. */
  dead(): readonly DeadRestic[];
}

function readRecord(path: string): RunningRecord | undefined {
  try {
    const raw: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isJsonObject(raw) ? parseRecord(raw) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the record's owner was started by the same process as this one. */
function isSibling(record: RunningRecord): boolean {
  return record.parent === process.ppid && record.parentTicks === (processTicks(process.ppid) ?? "");
}

async function endProcess(mark: ProcessMark): Promise<void> {
  const until = performance.now() + STOP_LIMIT_MS;
  sendSignal(mark, "SIGTERM");
  while (isAlive(mark)) {
    const lateMs = performance.now() - until;
    // It waits for a disk or a file server that is away, and ends before it does anything else.
    if (lateMs > KILL_LIMIT_MS) return;
    if (lateMs > 0) sendSignal(mark, "SIGKILL");
    await sleep(STOP_POLL_MS);
  }
}

/** Whole or not at all: another worker may read it at any moment. */
function writeRecord(path: string, record: RunningRecord): void {
  writeFileSync(`${path}.new`, JSON.stringify(record));
  renameSync(`${path}.new`, path);
}

function newRecord(pid: number): RunningRecord {
  return {
    pid,
    ticks: processTicks(pid) ?? "",
    owner: process.pid,
    ownerTicks: processTicks(process.pid) ?? "",
    parent: process.ppid,
    parentTicks: processTicks(process.ppid) ?? "",
    startedAtMs: Date.now(),
  };
}

/** @param scratch folder that outlives the container's main process */
export function trackRestic(scratch: string): RunningRestic {
  const folder = join(scratch, "restic-processes");

  /** Records that can be read, with their files. Others are dropped. */
  function records(): readonly (readonly [path: string, record: RunningRecord])[] {
    return listFolder(folder).flatMap((name) => {
      const path = join(folder, name);
      const record = readRecord(path);
      if (record !== undefined) return [[path, record] as const];
      rmSync(path, { force: true });
      return [];
    });
  }

  function bury(path: string, record: RunningRecord): void {
    writeRecord(path, { ...record, goneAtMs: Date.now() });
  }

  return {
    add(pid) {
      const record = newRecord(pid);
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `${pid}-${record.startedAtMs}.json`);
      writeRecord(path, record);
      return (isClean) => (isClean ? rmSync(path, { force: true }) : bury(path, record));
    },
    async settle(log) {
      for (const [path, record] of records()) {
        if (record.goneAtMs !== undefined) {
          if (Date.now() - record.goneAtMs > FORGET_AFTER_MS) rmSync(path, { force: true });
          continue;
        }
        const owner = { pid: record.owner, ticks: record.ownerTicks };
        if (isAlive(owner) && isSibling(record)) continue;
        for (const left of [owner, record]) {
          if (!isAlive(left)) continue;
          log.warn({ pid: left.pid }, "ending a process that an earlier start left");
          await endProcess(left);
        }
        bury(path, record);
      }
    },
    dead() {
      return records().flatMap(([, { pid, startedAtMs, goneAtMs }]) =>
        goneAtMs === undefined ? [] : [{ pid, startedAtMs, goneAtMs }],
      );
    },
  };
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}
