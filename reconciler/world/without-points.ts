/**
 * What informers keep of objects that list recovery points and snapshots. A Repository has up to hundreds of them, and so has each host run that
 * told them: in an installation of thousands that is far more than all the rest. They are read when they are needed.
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { shortHash } from "../../shared/hash.ts";

/** A host run without what its pod told of the repository. */
export type SeenHostRun = HostRun & {
  /** Differs when that does; undefined where nothing was told. */
  readonly toldPoints?: string;
};

export function seenHostRun(run: HostRun): SeenHostRun {
  const { listedPoints, listedSnapshots, listedLocks, ...status } = run.status ?? {};
  if (listedPoints === undefined && listedLocks === undefined) return run;
  return { ...run, status, toldPoints: shortHash(JSON.stringify([listedPoints, listedSnapshots, listedLocks])) };
}

export function seenRepository(repository: Repository): Repository {
  const { points, snapshots, ...status } = repository.status ?? {};
  if (points === undefined && snapshots === undefined) return repository;
  return { ...repository, status };
}
