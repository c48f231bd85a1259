/**
 * Streams a dump out of a snapshot into the program that loads it. The program sees the end of its input only when restic
 * ended well, so that a half-read dump is never taken for a whole one.
 */
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { DUMP_FILE, type DumpPlan, type ProgramCall } from "../../shared/dump/dump-plan.ts";
import { readRoleLines } from "../../shared/dump/role-lines.ts";
import { UserError } from "../../shared/errors.ts";
import type { Restic } from "../restic/client.ts";
import type { ResticExit } from "../restic/run.ts";
import { roleFilter } from "./role-filter.ts";
import { type Environment, formatExit, type ProgramExit, runDatabaseProgram } from "./run-program.ts";

export interface DumpLoad {
  readonly plan: Pick<DumpPlan, "load" | "listRoles">;
  readonly snapshotId: string;
  /** Name of the dump in the snapshot; it may be upstream's. */
  readonly file?: string;
  /** Role that loads. */
  readonly username: string;
}

export interface DumpLoadPorts {
  readonly restic: Restic;
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Is told how many bytes were loaded so far. */
  onBytes(bytes: number): void;
}

/** Loads the dump. @throws UserError when restic or the program failed */
export async function loadDump(load: DumpLoad, ports: DumpLoadPorts): Promise<void> {
  const { restic, env } = ports;
  const stop = new AbortController();
  const signal = AbortSignal.any([ports.signal, stop.signal]);
  const filter = await buildFilter(load, env, ports.signal);
  const { promise: input, resolve: giveInput } = Promise.withResolvers<Writable>();
  const loading = runDatabaseProgram(load.plan.load, { env, signal, onStdin: giveInput });
  // A program that can't be started is reported below; its input never comes.
  const started = await Promise.race([input, loading]);
  if (!("write" in started)) throw new UserError("DUMP_FAILED", `load: ${formatExit(load.plan.load, started)}`);
  const stdin = started;
  stdin.on("error", () => undefined);
  let copying: Promise<void> = Promise.resolve();
  const file = `/${(load.file ?? DUMP_FILE).replace(/^\/+/, "")}`;
  const reading = restic.run(["dump", "--quiet", load.snapshotId, file], {
    signal,
    onRawStdout(stdout) {
      let bytes = 0;
      stdout.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        ports.onBytes(bytes);
      });
      copying = copy(filter === undefined ? stdout : stdout.pipe(filter), stdin);
    },
  });
  // When the program ends early, restic has nobody to write to.
  const endReading = () => stop.abort();
  void loading.then(endReading, endReading);
  const read = await reading;
  if (read.code === 0) {
    await copying;
    stdin.end();
  } else {
    stop.abort();
  }
  const loaded = await loading;
  const failure = failureOf(read, loaded, load.plan.load, restic);
  if (failure !== undefined) throw failure;
}

/** Ends when all is written or nobody reads any more. */
async function copy(from: Readable, to: Writable): Promise<void> {
  from.pipe(to, { end: false });
  to.once("close", () => from.destroy());
  await finished(from, { writable: false }).catch(() => undefined);
}

/** What failed first: a loader that ends early also ends restic, and a restic that fails also ends the loader. */
function failureOf(read: ResticExit, loaded: ProgramExit, call: ProgramCall, restic: Restic): UserError | undefined {
  const isLoaderFirst = loaded.code !== 0 && loaded.signal === undefined;
  if (isLoaderFirst) return new UserError("DUMP_FAILED", `load: ${formatExit(call, loaded)}`);
  if (read.code !== 0 && loaded.code === 0) {
    return new UserError("DUMP_FAILED", `${call.argv[0]} ended before the dump did`);
  }
  if (read.code !== 0) return restic.fault("reading of the dump", read);
  return loaded.code === 0 ? undefined : new UserError("DUMP_FAILED", `load: ${formatExit(call, loaded)}`);
}

async function buildFilter({ plan, username }: DumpLoad, env: Environment, signal: AbortSignal) {
  if (plan.listRoles === undefined) return undefined;
  const exit = await runDatabaseProgram(plan.listRoles, { env, signal });
  if (exit.code !== 0) throw new UserError("DUMP_FAILED", `list of roles: ${formatExit(plan.listRoles, exit)}`);
  return roleFilter(
    readRoleLines(
      exit.output.split("\n").filter((line) => line !== ""),
      username,
    ),
  );
}
