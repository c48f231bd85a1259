/** The job that looks for the recovery points of a restore, as it is now. */
import { decideJobOutcome, type JobOutcome } from "./decide.ts";
import { type JobsOwner, type JobWorld, jobsOf, podsOf } from "./gather-of-targets.ts";
import type { JobName, JobProblem } from "./of-target.ts";

/** Stands among the problems of a restore's jobs where the others have the position of their target. */
export const POINT_SEARCH = -1;

export interface PointSearchJob {
  readonly problem: JobProblem | undefined;
  /** Undefined while there is none. */
  readonly job: (JobName & { readonly createdAtMs: number }) | undefined;
  readonly outcome: JobOutcome | undefined;
  /** The job's pod that runs now, or ran last; undefined while there is none. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
}

/** @param owner the restore */
export function gatherPointSearch(
  world: JobWorld,
  owner: JobsOwner,
  problems: ReadonlyMap<number, JobProblem>,
): PointSearchJob {
  // Its label holds a word where those of targets hold a number.
  const job = jobsOf(world, owner).find(({ targetIndex }) => Number.isNaN(targetIndex));
  const pod = job === undefined ? undefined : podsOf(world, job).at(-1);
  return {
    pod: pod && { name: pod.name, uid: pod.uid },
    problem: problems.get(POINT_SEARCH),
    job,
    outcome: job === undefined ? undefined : decideJobOutcome(job, podsOf(world, job)),
  };
}
