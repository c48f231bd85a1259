/**
 * Which recovery point a restore takes, and what must happen until that is known. The repository is asked, by a job, where the
 * newest session is not what is wanted: BackupSessions go with the history, and retention takes snapshots of those that stay. Pure.
 */
import type { ChosenRecoveryPoint, PointSearch } from "../../shared/api/recovery-point.ts";
import { Driver } from "../../shared/contract.ts";
import { formatUserError, UserError } from "../../shared/errors.ts";
import type { RepositoryPoint } from "../../shared/snapshots/recovery-points.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import { endOf, type JobProblem } from "../jobs/of-target.ts";
import { readKnownPoint } from "./known-point.ts";
import { chooseRecoveryPoint } from "./recovery-point.ts";
import type { Action } from "./step.ts";
import type { RestoreView } from "./view.ts";

export type PointDecision =
  | { readonly kind: "none" }
  | { readonly kind: "chosen"; readonly point: ChosenRecoveryPoint }
  /** Not now; `actions` may bring another answer later. */
  | {
      readonly kind: "refused";
      readonly message: string;
      readonly actions: readonly Action[];
      readonly isOutdated: boolean;
    }
  | {
      readonly kind: "wait";
      readonly message: string;
      readonly actions: readonly Action[];
      readonly isOutdated: boolean;
    };

/** A look that failed, or found nothing that could be taken, is repeated after this long. */
const LOOK_AGAIN_MS = 60_000;
const NOTHING_FOUND_MS = 3_600_000;
const LONGEST_LOOK_MS = 3_600_000;

/**
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | neither `session` nor `asOf`, or another driver | none |
 * | 2 | what was found is for another generation of the restore | it goes, and its job |
 * | 3 | a point that was found can be taken | chosen |
 * | 4 | none can, and since then a session ended or an hour passed | it goes, and its job: the next look may find one |
 * | 5 | none can | refused |
 * | 6 | no job, and the newest session tells its point whole, which can be taken | chosen |
 * | 7 | the job can't be made | refused; tried again at each look |
 * | 8 | no job | make it |
 * | 9 | the job failed | refused; made anew a minute later |
 * | 10 | the job can't start for too long, or takes too long | as in 9, and it ends |
 * | 11 | otherwise | wait for it |
 */
export function decidePoint(view: RestoreView, now: Date): PointDecision {
  const { invoker, status, object, pointSearch } = view;
  const isWanted = invoker.session !== undefined || invoker.asOfMs !== undefined;
  if (!isWanted || invoker.driver !== Driver.Restic) return { kind: "none" };
  const { job, problem, outcome } = pointSearch;
  const found = status.pointSearch;
  const endJob: readonly Action[] = job === undefined ? [] : [{ kind: "EndPointSearch", job }];
  if (found !== undefined) {
    const isOutdated = found.generation !== (object.metadata.generation ?? 0);
    if (isOutdated) return { kind: "wait", message: "the restore was changed", actions: endJob, isOutdated };
    const chosen = choose(view, readPoints(found));
    if (!(chosen instanceof UserError)) return { kind: "chosen", point: chosen };
    const message = `${chosen.code}: ${formatUserError(chosen)}`;
    const isStale = hasNews(view, found) || now.getTime() - Date.parse(found.finishedAt) >= NOTHING_FOUND_MS;
    return { kind: "refused", message, actions: isStale ? endJob : [], isOutdated: isStale };
  }
  const known = job === undefined ? readKnownPoint(view) : undefined;
  const chosen = known && choose(view, [known]);
  if (chosen !== undefined && !(chosen instanceof UserError)) return { kind: "chosen", point: chosen };
  const make: readonly Action[] = [{ kind: "EnsurePointSearch" }];
  if (problem !== undefined) {
    return { kind: "refused", message: `${problem.code}: ${problem.message}`, actions: make, isOutdated: false };
  }
  if (job === undefined) return { kind: "wait", message: LOOKING, actions: make, isOutdated: false };
  const ageMs = now.getTime() - job.createdAtMs;
  const end = endOf(outcome) ?? lateOf(view, ageMs);
  const isOld = ageMs >= LOOK_AGAIN_MS;
  if (end === undefined) return { kind: "wait", message: waitOf(view), actions: [], isOutdated: false };
  // What a job told may come a moment later than its end.
  if (outcome?.kind === "complete" && !isOld) return { kind: "wait", message: LOOKING, actions: [], isOutdated: false };
  const message = `the look for recovery points failed: ${end.code}: ${end.message}`;
  return { kind: "refused", message, actions: isOld ? endJob : [], isOutdated: false };
}

/** What is wrong with a job that should have told by now. */
function lateOf({ limits, pointSearch: { outcome } }: RestoreView, ageMs: number): JobProblem | undefined {
  if (outcome?.kind === "starting" && ageMs >= limits.podWaitMs) return outcome;
  return ageMs >= LONGEST_LOOK_MS ? { code: "JOB_FAILED", message: "it did not end in time" } : undefined;
}

const LOOKING = "a job looks for recovery points in the repository";

function waitOf({ pointSearch: { outcome } }: RestoreView): string {
  return outcome?.kind === "starting" ? `${LOOKING}: ${outcome.message}` : LOOKING;
}

/** Whether a session ended after the look: there may be one more point. */
function hasNews({ sessions }: RestoreView, found: PointSearch): boolean {
  return sessions.some(
    ({ status }) =>
      isFinalSessionPhase(status?.phase) && Date.parse(status?.completionTime ?? "") > Date.parse(found.finishedAt),
  );
}

function readPoints({ points = [] }: PointSearch): readonly RepositoryPoint[] {
  return points.map(({ namespace = "", session = "", time = "", snapshots = [], ...rest }) => ({
    ...rest,
    namespace,
    session,
    time,
    snapshots: snapshots.map(({ target, hostname = "", path = "", id = "", hosts, paths }) => ({
      target: resolveTargetRef(target, namespace),
      hostname,
      path,
      id,
      ...(hosts !== undefined && { hosts }),
      ...(paths !== undefined && { paths }),
    })),
  }));
}

function choose(view: RestoreView, points: readonly RepositoryPoint[]): ChosenRecoveryPoint | UserError {
  try {
    return chooseRecoveryPoint(view, points);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error;
  }
}
