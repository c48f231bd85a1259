/**
 * Streams a dump into a snapshot. restic's standard input is a socket whose other end the dump program writes to, and
 * which this process keeps open too: restic sees the end of the dump only when this process closes it, and it does that only
 * after the program ended well. A dump that dies half way therefore leaves no snapshot at all, with any version of restic.
 */
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../shared/environment.ts";
import { UserError } from "../../shared/errors.ts";
import { buildSnapshotStats, type PathOutcome } from "../backup/outcome.ts";
import { asUserError } from "../file-faults.ts";
import type { WithLock } from "../locks/patience.ts";
import { withPriority } from "../restic/arguments.ts";
import type { Restic } from "../restic/client.ts";
import type { BackupProgress, BackupSummary } from "../restic/messages.ts";
import type { ResticExit } from "../restic/run.ts";
import { createBegun } from "./begun.ts";
import { gatherLeftOut } from "./left-out.ts";
import { DUMP_FILE, type DumpPlan } from "./plan.ts";
import { remarksOf } from "./remarks.ts";
import { formatExit, runDatabaseProgram } from "./run-program.ts";

export interface DumpSave {
  readonly plan: Pick<DumpPlan, "dumps" | "leavesOut" | "askLeftOut">;
  readonly host: string;
  readonly tags: readonly string[];
}

export interface DumpSavePorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
  readonly env: Environment;
  readonly signal: AbortSignal;
  now(): Date;
  onProgress(progress: BackupProgress): void;
}

/** From the end of restic until it is seen. */
const RESTIC_DEATH_MS = 300;
/** restic's own words for an input without a byte, up to 0.16 and later. */
const NOTHING_SAVED = /snapshot is empty|no data read/;
const FORGET_LIMIT_MS = 10 * 60_000;

interface Attempt {
  readonly exit: ResticExit;
  readonly dumpFailure: UserError | undefined;
  readonly summary: BackupSummary | undefined;
  /** What restic could not read. */
  readonly unread: readonly string[];
  /** What dump programs said that ended well. */
  readonly remarks: readonly string[];
}

/** Runs dump and restic. Never throws: what went wrong is the outcome. */
export async function saveDump(save: DumpSave, ports: DumpSavePorts): Promise<PathOutcome> {
  const startedAt = ports.now();
  try {
    const leftOut = await gatherLeftOut(save.plan, ports);
    let last: Attempt | undefined;
    // While the repository is locked restic ends before it reads, and the dump is begun anew.
    await ports.withLock(async () => {
      last = await attempt(save, ports);
      return last.exit;
    });
    if (last === undefined) throw new UserError("INTERNAL", "backup of the dump: restic was not run");
    return await judge(last, { leftOut, startedAt, restic: ports.restic });
  } catch (thrown) {
    return failed(asUserError(thrown));
  }
}

async function attempt(save: DumpSave, ports: DumpSavePorts): Promise<Attempt> {
  const end = new AbortController();
  const resticEnded = new AbortController();
  const begun = createBegun(resticEnded.signal);
  let summary: BackupSummary | undefined;
  const unread: string[] = [];
  const remarks: string[] = [];
  let dumping: Promise<UserError | undefined> = Promise.resolve(undefined);
  const running = ports.restic.run(backupArguments(save), {
    signal: AbortSignal.any([ports.signal, end.signal]),
    onStdin(stdin) {
      const signal = AbortSignal.any([ports.signal, resticEnded.signal]);
      const onRemark = (words: string) => remarks.push(words);
      dumping = writeDumps(save, stdin, { env: ports.env, signal, onRemark }).then(async (failure) => {
        if (failure === undefined) return undefined;
        await begun.wait();
        // A restic that died takes its dump with it: it is given the time to say so itself.
        await sleep(RESTIC_DEATH_MS, undefined, { signal: resticEnded.signal }).catch(() => undefined);
        end.abort();
        return failure;
      });
    },
    onMessage(message) {
      begun.tell();
      if (message.kind === "status") ports.onProgress(message.progress);
      if (message.kind === "summary") summary = message.summary;
      if (message.kind === "error") unread.push(message.text);
    },
  });
  const exit = await running.finally(() => resticEnded.abort());
  return { exit, dumpFailure: await dumping, summary, unread, remarks };
}

interface Judging {
  /** What the dump does not bring back. */
  readonly leftOut: readonly string[];
  readonly startedAt: Date;
  readonly restic: Restic;
}

async function judge(attempt: Attempt, { leftOut, startedAt, restic }: Judging): Promise<PathOutcome> {
  const { summary } = attempt;
  const id = summary?.snapshotId;
  const failure = failureOf(attempt, restic);
  if (failure !== undefined) return failed(await withoutSnapshot(failure, id, restic));
  if (id === undefined || summary === undefined) {
    return failed(new UserError("NO_SNAPSHOT_REPORTED", "backup of the dump: restic named no snapshot"));
  }
  if (summary.bytesTotal === 0) return failed(await withoutSnapshot(emptyDump(), id, restic));
  const snapshot = buildSnapshotStats(DUMP_FILE, summary, { id, at: startedAt, unreadable: 0 });
  return { kind: "saved", snapshot, warnings: [...leftOut, ...remarksOf(attempt.remarks, "dump program")] };
}

function emptyDump(): UserError {
  return new UserError("DUMP_FAILED", "the dump is empty");
}

function failed(error: UserError): PathOutcome {
  return { kind: "failed", path: DUMP_FILE, error, warnings: [] };
}

function backupArguments({ host, tags }: DumpSave): readonly string[] {
  const tagFlags = tags.flatMap((tag) => ["--tag", tag]);
  return ["backup", "--json", "--stdin", "--stdin-filename", DUMP_FILE, "--host", host, ...tagFlags];
}

/** All dumps one after another into one stream, which ends only if all ended well. @returns why one did not */
async function writeDumps(
  { plan }: DumpSave,
  stdin: Writable,
  options: { readonly env: Environment; readonly signal: AbortSignal; onRemark(words: string): void },
): Promise<UserError | undefined> {
  // restic that went away is seen by its exit.
  stdin.on("error", () => undefined);
  const { env } = options;
  const priority = {
    niceAdjustment: env["NICE_ADJUSTMENT"] ?? "",
    ioniceClass: env["IONICE_CLASS"] ?? "",
    ioniceClassData: env["IONICE_CLASS_DATA"] ?? "",
  };
  try {
    for (const dump of plan.dumps) {
      const call = { ...dump, argv: withPriority(dump.argv, priority) };
      const exit = await runDatabaseProgram(call, { ...options, stdout: stdin });
      if (exit.code !== 0) return new UserError("DUMP_FAILED", `dump: ${formatExit(dump, exit)}`);
      if (exit.words !== "") options.onRemark(exit.words);
    }
  } catch (thrown) {
    return asUserError(thrown);
  }
  stdin.end();
  return undefined;
}

/** What failed first: a restic that died by itself ends its dump too, and the other way round. */
function failureOf({ exit, dumpFailure, unread }: Attempt, restic: Restic): UserError | undefined {
  const isEmpty = [...exit.tail, ...unread].some((line) => NOTHING_SAVED.test(line));
  if (dumpFailure === undefined && isEmpty) return emptyDump();
  // One that stands still may wait for its dump; that was ended with it.
  const isOwnEnd = exit.stopped === "stall" || (exit.stopped === undefined && exit.code !== 0);
  if (dumpFailure !== undefined && !isOwnEnd) return dumpFailure;
  return exit.code === 0 ? undefined : restic.fault("backup of the dump", exit);
}

/** Should there be a snapshot all the same, that very one is removed. */
async function withoutSnapshot(failure: UserError, id: string | undefined, restic: Restic): Promise<UserError> {
  if (id === undefined) return failure;
  const exit = await restic.run(["forget", id], { timeLimitMs: FORGET_LIMIT_MS });
  if (exit.code === 0) return failure;
  return new UserError(failure.code, `${failure.message}; snapshot ${id} is not usable and could not be removed`, {
    next: `${failure.next} Remove it with restic forget ${id}.`,
    retry: failure.retryable,
    cause: failure,
  });
}
