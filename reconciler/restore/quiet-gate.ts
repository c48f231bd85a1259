/**
 * Nobody writes while a restore writes: a host's turn comes only when no other live pod mounts what its pod restores. Pods that wait in an
 * init-container are no obstacle, unless a restore is at work in them. Pure; the pods are looked at on request, just before a turn.
 */
import type { ResolvedTargetRef } from "../../shared/target/ref.ts";
import { isAssigned, isOpenHost, type TargetEntry } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { OPEN_GATE, type TurnGate } from "../run/turn-gate.ts";
import { targetRef } from "../run/view.ts";
import type { PodFact } from "../run/world.ts";
import { claimWords } from "./mounting-pod.ts";
import { formatOldPods } from "./old-pods.ts";
import type { RestoreStatus } from "./status.ts";
import { isJobTarget, type RestoreView } from "./view.ts";

const UNKNOWN: TurnGate = { kind: "unknown" };

function isAtWork({ quiet }: RestoreView, status: RestoreStatus, uid: string): boolean {
  if (quiet.atWork.has(uid)) return true;
  return runTargets(status).some((target) =>
    runHosts(target).some((host) => host.podUID === uid && isOpenHost(host) && isAssigned(host)),
  );
}

/**
 * Whether nobody else mounts claims that jobs are about to fill.
 *
 * | # | pods of the namespace | gate |
 * |---|---|---|
 * | 1 | not looked at, or too long ago | unknown |
 * | 2 | none mounts one of the claims, or only those whose application has not started | open |
 * | 3 | some do | closed, with the names of those that mount the first such claim |
 */
export function claimGate(
  view: RestoreView,
  status: RestoreStatus,
  ref: ResolvedTargetRef,
  claims: readonly string[],
): TurnGate {
  const { seen, monotonicMs } = view.quiet;
  if (seen?.isFresh(monotonicMs) !== true) return UNKNOWN;
  for (const claim of claims) {
    const users = seen.mounting(claim).filter((pod) => !pod.isWaiting || isAtWork(view, status, pod.uid));
    if (users.length > 0) return { kind: "closed", message: formatOldPods(ref, users, claimWords(claim)) };
  }
  return OPEN_GATE;
}

/**
 * | # | what the pod restores | gate |
 * |---|---|---|
 * | 1 | a job does it | open: claimGate() stood before the job |
 * | 2 | not looked at since the pod waits, or too long ago | unknown |
 * | 3 | nobody else mounts it, or only pods whose application has not started | open |
 * | 4 | somebody does | closed, with their names |
 */
export function turnGate(
  view: RestoreView,
  status: RestoreStatus,
  target: TargetEntry,
  { uid }: Pick<PodFact, "uid">,
): TurnGate {
  if (isJobTarget(view, target)) return OPEN_GATE;
  const { seen, monotonicMs } = view.quiet;
  const pod = seen?.get(uid);
  if (seen === undefined || pod === undefined || !seen.isFresh(monotonicMs, uid)) return UNKNOWN;
  const others = seen.sharing(pod).filter(({ pod: other }) => !other.isWaiting || isAtWork(view, status, other.uid));
  const [first] = others;
  if (first === undefined) return OPEN_GATE;
  const pods = others.map((other) => other.pod);
  return { kind: "closed", message: formatOldPods(targetRef(view, target), pods, first.words) };
}
