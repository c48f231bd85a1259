/** A folder with data, secrets and scratch space, and the agent's own restic client on repositories of any backend. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NOTHING_EARLIER } from "../../../agent/backup/adopt.ts";
import { backupHost, type HostBackup, type HostBackupPorts } from "../../../agent/backup/host.ts";
import type { PathOutcome } from "../../../agent/backup/outcome.ts";
import { createAgentLogger, type Logger } from "../../../agent/log.ts";
import { buildRepositoryAccess } from "../../../agent/restic/backend.ts";
import { createRestic, type Restic } from "../../../agent/restic/client.ts";
import { gatherSecret } from "../../../agent/restic/secret.ts";
import { type HostRestoreOutcome, restoreHost } from "../../../agent/restore/host.ts";
import type { HostRestore, HostRestorePorts } from "../../../agent/restore/order.ts";
import type { Backend } from "../../../shared/api/backend.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import { writeEmptyRepository } from "./empty-repository.ts";

export const PASSWORD = "of tests, long enough";
export const TARGET = { apiVersion: "apps/v1", kind: "Deployment", namespace: "demo", name: "web" } as const;
export const ORIGIN = {
  session: { namespace: "demo", name: "nightly-1" },
  invoker: { kind: "BackupConfiguration", namespace: "demo", name: "nightly", cluster: "of-tests" },
  target: TARGET,
  part: { member: 1, members: 1, hosts: 1 },
} as const;

export interface ResticWorld {
  readonly dir: string;
  readonly data: string;
  /** Folder of the local repository, which is empty at first. */
  readonly repository: string;
  readonly localBackend: Backend;
  /** A local one without a repository. */
  readonly bareBackend: Backend;
  readonly log: Logger;
  /** restic by way of a mounted Secret. */
  open(backend?: Backend, secret?: Readonly<Record<string, string>>, env?: Record<string, string>): Promise<Restic>;
  backup(
    restic: Restic,
    backup?: Partial<HostBackup>,
    signal?: AbortSignal,
    ports?: Partial<HostBackupPorts>,
  ): Promise<readonly PathOutcome[]>;
  restore(
    restic: Restic,
    restore?: Partial<HostRestore>,
    ports?: Partial<HostRestorePorts>,
  ): Promise<HostRestoreOutcome>;
  stop(): Promise<void>;
}

export async function createResticWorld(): Promise<ResticWorld> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-restic-"));
  const data = join(dir, "data");
  const repository = join(dir, "repository");
  const secrets = join(dir, "secrets");
  for (const folder of [data, secrets, join(dir, "scratch")]) await mkdir(folder);
  writeEmptyRepository(repository, PASSWORD);
  const localBackend: Backend = { storageSecretName: "backend", local: { mountPath: repository } };
  const log = createAgentLogger("error", (line) => process.stderr.write(line));
  let opened = 0;
  return {
    dir,
    data,
    repository,
    localBackend,
    bareBackend: { storageSecretName: "backend", local: { mountPath: join(dir, "bare") } },
    log,
    async open(backend = localBackend, secret = {}, env = {}) {
      const name = `backend-${opened++}`;
      await mkdir(join(secrets, name));
      for (const [key, value] of Object.entries({ RESTIC_PASSWORD: PASSWORD, ...secret })) {
        await writeFile(join(secrets, name, key), value);
      }
      return createRestic({
        access: buildRepositoryAccess(backend, gatherSecret(name, secrets)),
        env: { PATH: process.env["PATH"], ...env },
        scratch: join(dir, "scratch"),
        isCacheEnabled: true,
        memoryLimitBytes: undefined,
      });
    },
    backup(restic, backup = {}, signal = new AbortController().signal, ports = {}) {
      return backupHost(
        { hostname: "host-0", paths: [data], exclude: [], args: [], origin: ORIGIN, earlier: [], ...backup },
        {
          restic,
          signal,
          log,
          withLock: (run) => run(),
          now: () => new Date(),
          onProgress: () => undefined,
          onSaved: () => undefined,
          adopt: async () => NOTHING_EARLIER,
          ...ports,
        },
      );
    },
    restore(restic, restore = {}, ports = {}) {
      return restoreHost(
        {
          host: { target: TARGET, alias: undefined, hostname: "host-0", podName: "web-1" },
          rules: [{ paths: [data] }],
          point: undefined,
          args: [],
          targetFolder: "/",
          isVerified: false,
          runsAs: process.geteuid?.() ?? 0,
          ...restore,
        },
        {
          restic,
          signal: new AbortController().signal,
          log,
          withLock: (run) => run(),
          beforeWrite: async () => undefined,
          onProgress: () => undefined,
          onRestored: () => undefined,
          ...ports,
        },
      );
    },
    stop: async () => removeFolder(dir),
  };
}
