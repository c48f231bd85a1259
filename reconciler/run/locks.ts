/** Which locks in a repository belong to nobody any more. Pure. */
import type { RepositoryLock } from "../../shared/api/host-stats.ts";
import { type RunStatus, runHosts, runTargets, withRunHost } from "./facts.ts";
import type { PodFact, Pods } from "./world.ts";

/** A pod that a host's entry of some session or restore names, or a maintenance of the Repository. */
export interface FormerPod {
  readonly name: string;
  readonly uid: string;
  readonly assignedAtMs: number;
}

export interface LocksView {
  /** Of every namespace that uses the repository. */
  readonly lockOwners: Pods;
  /** Pods that were given a host with this very repository, or work on it. */
  readonly formerPods: readonly FormerPod[];
}

/** The clocks of nodes and API server differ by less than this. */
const CLOCK_SKEW_MS = 60_000;

/** Of a container and of the locks that its processes take, both times come from its node; the kubelet's are whole seconds. */
const SAME_CLOCK_MS = 2_000;

/** Longest host name of a container. */
const HOST_NAME_MAX = 63;

/** Host name that the kubelet gives to a pod's containers, and so the one in restic's locks. */
function hostNameOf(podName: string): string {
  return podName.slice(0, HOST_NAME_MAX).replace(/[-.]+$/, "");
}

/**
 * Whether a lock's owner is known to be gone. restic names the host after the pod.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | no pod of that name was ever given work with this repository | no: it may live in another cluster |
 * | 2 | the lock is older than what that pod was given | no: it is somebody else's |
 * | 3 | that pod is gone or has ended | yes |
 * | 4 | all that runs of ours in it started after the lock was taken: clearly, or another pod of that name that was given work is gone | yes: its process is gone |
 * | 5 | otherwise | no |
 *
 * "No" is not for ever: an agent that waits sees that nobody refreshes the lock.
 */
export function isOwnerGone(lock: RepositoryLock, { lockOwners, formerPods }: LocksView): boolean {
  const takenAtMs = Date.parse(lock.createdAt ?? "");
  if (lock.host === undefined || Number.isNaN(takenAtMs)) return false;
  const owners = formerPods.filter(
    (pod) => hostNameOf(pod.name) === lock.host && takenAtMs >= pod.assignedAtMs - CLOCK_SKEW_MS,
  );
  if (owners.length === 0) return false;
  const living = owners.flatMap(({ uid }) => {
    const pod = lockOwners.get(uid);
    return pod === undefined || pod.isEnded ? [] : [pod];
  });
  // The next pod of a StatefulSet has the name of the one before.
  const marginMs = living.length < owners.length ? SAME_CLOCK_MS : CLOCK_SKEW_MS;
  return living.every((pod) => beganAfter(pod, takenAtMs + marginMs));
}

/** Whether something of ours runs in the pod, and nothing that ran before the given time. */
function beganAfter({ sidecar, restoreInit }: PodFact, timeMs: number): boolean {
  const starts = [sidecar, restoreInit].flatMap((agent) => agent?.startedAtMs ?? []);
  return starts.length > 0 && starts.every((startedAtMs) => startedAtMs > timeMs);
}

/**
 * Ids of the locks that may be removed, with those that were answered before.
 *
 * @returns undefined when there is no new answer
 */
export function answerLocks(
  view: LocksView,
  locks: readonly RepositoryLock[] = [],
  known: readonly string[] = [],
): readonly string[] | undefined {
  const gone = locks.filter((lock) => isOwnerGone(lock, view)).map(({ id }) => id);
  const fresh = gone.filter((id) => !known.includes(id));
  return fresh.length === 0 ? undefined : [...known, ...fresh];
}

/** Tells the first agent that has new answers to get which locks it may remove. @returns undefined when none has */
export function stepAnswerLocks<Status extends RunStatus>(view: LocksView, status: Status): Status | undefined {
  for (const [targetIndex, target] of runTargets(status).entries()) {
    for (const [hostIndex, host] of runHosts(target).entries()) {
      const { locks, actionParams } = host;
      const removableLocks = answerLocks(view, locks, actionParams?.removableLocks);
      if (removableLocks === undefined) continue;
      return withRunHost(status, targetIndex, hostIndex, (old) => ({
        ...old,
        actionParams: { ...old.actionParams, removableLocks },
      }));
    }
  }
  return undefined;
}
