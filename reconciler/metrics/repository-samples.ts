/** Upstream's values of Repositories. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { Sample } from "./gauge-table.ts";
import { samples } from "./names.ts";
import type { Labels } from "./session-samples.ts";

/** Provider, bucket and prefix of the first backend that is set, in upstream's order. */
function place(repository: Repository): Labels {
  const { local, s3, gcs, azure, swift, b2, rest } = repository.spec.backend ?? {};
  const of = (backend: string, bucket?: string, prefix?: string): Labels => ({
    backend,
    ...(bucket && { bucket }),
    ...(prefix && { prefix }),
  });
  if (local !== undefined) return of("local", local.mountPath, local.subPath);
  if (s3 !== undefined) return of("s3", s3.bucket, s3.prefix);
  if (gcs !== undefined) return of("gcs", gcs.bucket, gcs.prefix);
  if (azure !== undefined) return of("azure", azure.container, azure.prefix);
  if (swift !== undefined) return of("swift", swift.container, swift.prefix);
  if (b2 !== undefined) return of("b2", b2.bucket, b2.prefix);
  return of(rest === undefined ? "" : "rest");
}

/** Size that the newest of the sessions read, in bytes: the status holds only a rounded text. */
function newestSize(sessions: readonly BackupSession[]): number | undefined {
  let newest: { readonly at: string; readonly bytes: number } | undefined;
  for (const { status } of sessions) {
    const results = (status?.targets ?? []).flatMap((target) =>
      (target.stats ?? []).flatMap((host) => host.results ?? []),
    );
    for (const { totalSizeBytes, finishedAt = "" } of results) {
      if (totalSizeBytes !== undefined && finishedAt >= (newest?.at ?? ""))
        newest = { at: finishedAt, bytes: totalSizeBytes };
    }
  }
  return newest?.bytes;
}

/** @param sessions those that used the Repository */
export function* repositorySamples(repository: Repository, sessions: readonly BackupSession[]): Generator<Sample> {
  const { name, namespace } = repository.metadata;
  const labels = { name, namespace, ...place(repository) };
  const { integrity, snapshotCount, snapshotsRemovedOnLastCleanup } = repository.status ?? {};
  yield* samples("repositoryIntegrity", labels, integrity === undefined ? undefined : integrity ? 1 : 0);
  yield* samples("repositorySize", labels, newestSize(sessions));
  yield* samples("repositorySnapshots", labels, snapshotCount);
  yield* samples("repositoryCleaned", labels, snapshotsRemovedOnLastCleanup);
}
