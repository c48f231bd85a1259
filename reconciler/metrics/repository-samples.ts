/** Upstream's values of Repositories. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { usedBackend } from "../../shared/backends.ts";
import type { Sample } from "./gauge-table.ts";
import { samples } from "./names.ts";
import type { Labels } from "./session-samples.ts";

/** Provider, bucket and prefix of the backend that counts. */
function place(repository: Repository): Labels {
  const used = usedBackend(repository.spec.backend ?? {});
  const { bucket, prefix } = used?.shownPlace ?? {};
  return { backend: used?.name ?? "", ...(bucket && { bucket }), ...(prefix && { prefix }) };
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
