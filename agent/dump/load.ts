/**
 * Streams a dump out of a snapshot into the program that loads it. The program sees the end of its input only when restic
 * ended well, so that a half-read dump is never taken for a whole one.
 */
import type { Readable, Transform, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Environment } from "../../shared/environment.ts";
import { UserError } from "../../shared/errors.ts";
import type { WithLock } from "../locks/patience.ts";
import type { Restic } from "../restic/client.ts";
import type { ResticExit } from "../restic/run.ts";
import { createBegun } from "./begun.ts";
import { createLineRemarks } from "./line-remarks.ts";
import { editForOlderServer } from "./older-server.ts";
import { DUMP_FILE, type DumpPlan, type ProgramCall } from "./plan.ts";
import { isStatementFault, remarksOf } from "./remarks.ts";
import { roleFilter } from "./role-filter.ts";
import { readRoleLines } from "./role-lines.ts";
import { formatExit, type ProgramExit, runDatabaseProgram } from "./run-program.ts";
import { settingsFilter } from "./settings-filter.ts";

export interface DumpLoad {
  readonly plan: Pick<DumpPlan, "load" | "loadRemarks" | "listRoles" | "listSettings">;
  readonly snapshotId: string;
  /** Name of the dump in the snapshot; it may be upstream's. */
  readonly file?: string;
  /** Role that loads. */
  readonly username: string;
}

export interface DumpLoadPorts {
  readonly restic: Restic;
  readonly withLock: WithLock;
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Is told how many bytes were loaded so far. */
  onBytes(bytes: number): void;
}

interface Attempt {
  readonly read: ResticExit;
  readonly loaded: ProgramExit;
  /** What is to be said of lines of the dump. */
  readonly ofLines: readonly string[];
}

/**
 * Loads the dump.
 *
 * @returns what is to be said of the dump, and what the program remarked
 * @throws UserError when restic or the program failed, or the program says that a statement did and went on
 */
export async function loadDump(load: DumpLoad, ports: DumpLoadPorts): Promise<readonly string[]> {
  let last: Attempt | undefined;
  // While the repository is locked restic ends before it writes, and the program is begun anew.
  await ports.withLock(async () => {
    last = await attempt(load, ports);
    return last.read;
  });
  const failure = last === undefined ? undefined : failureOf(last, load.plan.load, ports.restic);
  if (failure !== undefined) throw failure;
  return last === undefined ? [] : [...last.ofLines, ...remarksOf([last.loaded.words], "load program")];
}

async function attempt(load: DumpLoad, ports: DumpLoadPorts): Promise<Attempt> {
  const { restic, env } = ports;
  const resticEnded = new AbortController();
  const begun = createBegun(resticEnded.signal);
  const loaderEnded = new AbortController();
  const readingFailed = new AbortController();
  const filters = await buildFilters(load, env, ports.signal);
  let stdin: Writable | undefined;
  const loading = runDatabaseProgram(load.plan.load, {
    env,
    signal: AbortSignal.any([ports.signal, readingFailed.signal]),
    isFault: isStatementFault,
    onStdin(stream) {
      // A program that went away is seen by its exit.
      stream.on("error", () => undefined);
      stdin = stream;
    },
  });
  const endReading = async () => {
    await begun.wait();
    loaderEnded.abort();
  };
  loading.then(endReading, endReading);
  let copying: Promise<void> = Promise.resolve();
  const lineRemarks = createLineRemarks(load.plan.loadRemarks ?? []);
  const file = `/${(load.file ?? DUMP_FILE).replace(/^\/+/, "")}`;
  const reading = restic.run(["dump", "--quiet", load.snapshotId, file], {
    signal: AbortSignal.any([ports.signal, loaderEnded.signal]),
    onRawStdout(stdout) {
      let bytes = 0;
      stdout.on("data", (chunk: Buffer) => {
        begun.tell();
        bytes += chunk.length;
        lineRemarks.feed(chunk);
        ports.onBytes(bytes);
      });
      const filtered = filters.reduce<Readable>((from, filter) => from.pipe(filter), stdout);
      if (stdin !== undefined) copying = copy(filtered, stdin);
    },
  });
  const read = await reading.finally(() => resticEnded.abort());
  if (read.code === 0) {
    await copying;
    stdin?.end();
  } else {
    readingFailed.abort();
  }
  return { read, loaded: await loading, ofLines: lineRemarks.found() };
}

/**
 * Ends when all is read. When nobody takes it any more the rest is thrown away until restic has heard of it: a pipe that
 * is closed on restic would kill it with its lock in place.
 */
async function copy(from: Readable, to: Writable): Promise<void> {
  from.pipe(to, { end: false });
  to.once("close", () => from.unpipe(to).resume());
  await finished(from, { writable: false }).catch(() => undefined);
}

/** What failed first: a program that ends early also ends restic, and a restic that fails also ends the program. */
function failureOf({ read, loaded }: Attempt, call: ProgramCall, restic: Restic): UserError | undefined {
  if (read.stopped !== undefined && read.stopped !== "abort") return restic.fault("reading of the dump", read);
  if (loaded.code !== 0 && (read.code === 0 || read.stopped !== undefined)) {
    return new UserError("DUMP_FAILED", `load: ${formatExit(call, loaded)}`);
  }
  if (read.code === 0 && loaded.faults.length > 0) {
    const words = `${call.argv[0]} went on after statements that failed: ${loaded.faults.join("; ")}`;
    return new UserError("DUMP_FAILED", `load: ${words}`);
  }
  if (read.code === 0) return undefined;
  if (read.stopped === undefined) return restic.fault("reading of the dump", read);
  return new UserError("DUMP_FAILED", `load: ${call.argv[0]} ended before the dump did`);
}

/** What a server gets to hear depends on what it has. */
async function buildFilters(
  { plan, username }: DumpLoad,
  env: Environment,
  signal: AbortSignal,
): Promise<readonly Transform[]> {
  const ask = async (what: string, call: ProgramCall) => {
    const exit = await runDatabaseProgram(call, { env, signal });
    if (exit.code !== 0) throw new UserError("DUMP_FAILED", `list of ${what}: ${formatExit(call, exit)}`);
    return exit.output.split("\n").filter((line) => line !== "");
  };
  const filters: Transform[] = [];
  if (plan.listRoles !== undefined) {
    filters.push(roleFilter(readRoleLines(await ask("roles", plan.listRoles), username)));
  }
  if (plan.listSettings !== undefined) {
    const edit = editForOlderServer(await ask("settings", plan.listSettings));
    if (edit !== undefined) filters.push(settingsFilter(edit));
  }
  return filters;
}
