/** Backs up and restores one host whose data is a database, in the places where files are by default. */
import type { DatabaseName } from "../../shared/databases.ts";
import { UserError } from "../../shared/errors.ts";
import { recordTags, snapshotTags, targetTag } from "../../shared/snapshots/tags.ts";
import { selectForHost } from "../../shared/target/restore-rules.ts";
import type { backupHost } from "../backup/host.ts";
import { buildProgress } from "../backup/progress.ts";
import { withoutSecrets } from "../restic/fault.ts";
import { gatherSnapshotSize } from "../restic/list-snapshot.ts";
import { chooseSnapshots } from "../restore/candidates.ts";
import type { HostRestoreOutcome, restoreHost } from "../restore/host.ts";
import { NO_PROGRESS } from "../restore/progress.ts";
import type { AgentSettings } from "../settings.ts";
import { awaitDatabase } from "./await-database.ts";
import { type Database, gatherDatabase } from "./database.ts";
import { loadDump } from "./load.ts";
import { hasDumpFile } from "./plan.ts";
import { withPrivateFiles } from "./private-files.ts";
import { saveDump } from "./save.ts";

export interface DumpSettings {
  readonly kind: DatabaseName;
  readonly settings: AgentSettings;
}

function cleaned(error: UserError, { secrets }: Database): UserError {
  return new UserError(error.code, withoutSecrets(error.message, secrets), {
    next: error.next,
    retry: error.retryable,
    cause: error.cause,
  });
}

/** Waits for the database, then streams its dump into one snapshot. */
export function dumpHost({ kind, settings }: DumpSettings): typeof backupHost {
  return async (backup, ports) => {
    const { signal, log } = ports;
    const database = gatherDatabase(kind, backup.appBinding, settings);
    const outcome = await withPrivateFiles(database.folder, database.plan.files, async () => {
      await awaitDatabase(database, {
        env: settings.env,
        signal,
        onWait: (words) => log.info({ words }, "the database is not ready yet"),
      });
      return saveDump(
        {
          plan: database.plan,
          host: backup.hostname,
          tags: [...snapshotTags(backup.origin), ...recordTags(backup.origin, 1)],
        },
        {
          restic: ports.restic,
          withLock: ports.withLock,
          env: settings.env,
          signal,
          now: ports.now,
          onProgress: (current) =>
            ports.onProgress(buildProgress({ pathsDone: 0, pathsTotal: 1, bytesDone: 0, filesDone: 0, current })),
        },
      );
    });
    if (outcome.kind === "failed") return [{ ...outcome, error: cleaned(outcome.error, database) }];
    log.info({ snapshot: outcome.snapshot.name, host: backup.hostname }, "dump saved");
    ports.onSaved([outcome.snapshot]);
    return [
      {
        ...outcome,
        warnings: [
          ...(ports.restic.access.warnings ?? []),
          ...outcome.warnings.map((line) => withoutSecrets(line, database.secrets)),
        ],
      },
    ];
  };
}

/** Finds the wanted dump, waits for the database, and loads it. Nothing is loaded before the dump is known to be there. */
export function loadHost({ kind, settings }: DumpSettings): typeof restoreHost {
  return async (restore, ports): Promise<HostRestoreOutcome> => {
    const { restic, signal, log } = ports;
    const restored: HostRestoreOutcome["restored"][number][] = [];
    const warnings: string[] = [];
    try {
      // L43: the snapshots of this host and target alone are looked at.
      const selection = selectForHost(restore.rules, restore.host, restore.point);
      const isDump = ({ paths }: { readonly paths: readonly string[] }) => hasDumpFile(paths);
      const tag = targetTag(restore.host.target);
      const snapshots = await chooseSnapshots(restic, { ...selection, mayOverlap: true }, tag, signal, isDump);
      const sizes = await Promise.all(snapshots.map(({ id }) => gatherSnapshotSize(restic, id, signal)));
      const database = gatherDatabase(kind, restore.appBinding, settings);
      await ports.beforeWrite();
      await withPrivateFiles(database.folder, database.plan.files, async () => {
        await awaitDatabase(database, {
          env: settings.env,
          signal,
          onWait: (words) => log.info({ words }, "the database is not ready yet"),
        });
        for (const [index, snapshot] of snapshots.entries()) {
          const { bytes = 0, files = 0 } = sizes[index] ?? {};
          const file = snapshot.paths[0];
          const remarks = await loadDump(
            { plan: database.plan, snapshotId: snapshot.id, username: database.username, ...(file && { file }) },
            {
              restic,
              withLock: ports.withLock,
              env: settings.env,
              signal,
              onBytes: (bytesDone) =>
                ports.onProgress({ ...NO_PROGRESS, bytesDone, bytesTotal: bytes, filesTotal: files }),
            },
          ).catch((error) => {
            throw error instanceof UserError ? cleaned(error, database) : error;
          });
          warnings.push(...remarks.map((line) => withoutSecrets(line, database.secrets)));
          log.info({ snapshot: snapshot.id.slice(0, 8), host: restore.host.hostname }, "dump loaded");
          restored.push({
            id: snapshot.id,
            path: snapshot.paths.join(","),
            time: new Date(snapshot.time).toISOString(),
            sizeBytes: bytes,
            files,
          });
          ports.onRestored(restored);
        }
      });
      return { restored, warnings, failure: undefined };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { restored, warnings, failure: error };
    }
  };
}
