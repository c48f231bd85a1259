/** A repository and a folder of private files, to save dumps into and load them from with the agent's own code. */
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PathOutcome } from "../../../agent/backup/outcome.ts";
import { loadDump } from "../../../agent/dump/load.ts";
import type { DumpPlan, DumpRequest } from "../../../agent/dump/plan.ts";
import { withPrivateFiles } from "../../../agent/dump/private-files.ts";
import { type ProgramExit, runDatabaseProgram } from "../../../agent/dump/run-program.ts";
import { saveDump } from "../../../agent/dump/save.ts";
import { createRestic, type Restic } from "../../../agent/restic/client.ts";
import type { Snapshot } from "../../../agent/restic/snapshots.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import { writeEmptyRepository } from "../restic/empty-repository.ts";
import type { DatabaseServer } from "./server.ts";

export interface DumpWorld {
  readonly restic: Restic;
  readonly dir: string;
  request(server: DatabaseServer, params: DumpRequest["params"], password?: string): DumpRequest;
  /** Runs the plan's question whether the server is there. */
  probe(plan: DumpPlan): Promise<ProgramExit>;
  save(plan: DumpPlan, options?: { readonly signal?: AbortSignal }): Promise<PathOutcome>;
  /** Saves, and gives the snapshot's id. @throws Error with what went wrong */
  saveWell(plan: DumpPlan): Promise<string>;
  load(plan: DumpPlan, snapshotId: string, username: string): Promise<readonly string[]>;
  snapshots(): Promise<readonly Snapshot[]>;
  /** Ids of the repository's locks. */
  locks(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** @param installClients puts other clients than those of this machine into a folder; they are given the second one's files */
export async function createDumpWorld(
  installClients?: (dir: string, shared: string) => Promise<string>,
): Promise<DumpWorld> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-dump-"));
  const repository = join(dir, "repository");
  const folder = join(dir, "private");
  await mkdir(join(dir, "scratch"));
  const restic = createRestic({
    access: {
      provider: "local",
      env: { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: "of tests" },
      flags: [],
      localFolder: repository,
      secrets: [],
    },
    env: process.env,
    scratch: join(dir, "scratch"),
    isCacheEnabled: false,
    memoryLimitBytes: undefined,
  });
  writeEmptyRepository(repository, "of tests");
  const signal = new AbortController().signal;
  const clients = await installClients?.(join(dir, "clients"), folder);
  const env = clients === undefined ? process.env : { ...process.env, PATH: `${clients}:${process.env["PATH"]}` };

  async function save(plan: DumpPlan, options: { readonly signal?: AbortSignal } = {}): Promise<PathOutcome> {
    return withPrivateFiles(folder, plan.files, () =>
      saveDump(
        { plan, host: "host-0", tags: ["session=demo/one"] },
        {
          restic,
          withLock: (run) => run(),
          env,
          signal: options.signal ?? signal,
          now: () => new Date(),
          onProgress: () => undefined,
        },
      ),
    );
  }

  return {
    restic,
    dir,
    request: (server, params, password = server.password) => ({
      address: { scheme: undefined, host: "127.0.0.1", port: server.port, path: undefined, query: new Map() },
      username: server.username,
      password,
      tls: { ca: undefined, certificate: undefined, isInsecure: false },
      folder,
      params,
    }),
    probe: (plan) => withPrivateFiles(folder, plan.files, () => runDatabaseProgram(plan.probe, { env, signal })),
    save,
    async saveWell(plan) {
      const outcome = await save(plan);
      if (outcome.kind === "failed") throw outcome.error;
      return outcome.snapshot.name ?? "";
    },
    load: (plan, snapshotId, username) =>
      withPrivateFiles(folder, plan.files, () =>
        loadDump(
          { plan, snapshotId, username },
          { restic, withLock: (run) => run(), env, signal, onBytes: () => undefined },
        ),
      ),
    snapshots: () => restic.snapshots({}),
    async locks() {
      const lines: string[] = [];
      await restic.run(["list", "locks", "--no-lock", "--quiet"], { onLine: (line) => lines.push(line) });
      return lines.filter((line) => line.length === 64);
    },
    stop: async () => removeFolder(dir),
  };
}
