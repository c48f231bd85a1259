/**
 * What informers keep of objects that list recovery points. A Repository has up to a hundred with their members, and so has each host run that told
 * them: in an installation of thousands that is far more than all the rest. They are read when they are needed.
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { shortHash } from "../../shared/hash.ts";

/** A host run without the points that its pod told. */
export type SeenHostRun = HostRun & {
  /** Differs when the points do; undefined where none were told. */
  readonly toldPoints?: string;
};

export function seenHostRun(run: HostRun): SeenHostRun {
  if (run.status?.listedPoints === undefined) return run;
  const { listedPoints, ...status } = run.status;
  return { ...run, status, toldPoints: shortHash(JSON.stringify(listedPoints)) };
}

export function seenRepository(repository: Repository): Repository {
  if (repository.status?.points === undefined) return repository;
  const { points: _, ...status } = repository.status;
  return { ...repository, status };
}
