/** What follows from the gate before a host's turn: looking at pods, telling whose are in the way, and looking again. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { isOver, isStarted } from "../run/completion.ts";
import { isAssigned, isOpenHost, withExplanation, withoutExplanation } from "../run/entries.ts";
import { runHosts, runTargets, withRunTarget } from "../run/facts.ts";
import { podsOf } from "../run/host-turns.ts";
import { heldSince } from "../run/members.ts";
import { targetRef } from "../run/view.ts";
import type { PodFact } from "../run/world.ts";
import { runFacts } from "./facts.ts";
import { formatUnreplaced, OLD_PODS_RUNNING } from "./old-pods.ts";
import { turnGate } from "./quiet-gate.ts";
import type { RestoreStatus } from "./status.ts";
import type { OwnAction, Row, Step } from "./step.ts";
import { isJobTarget, type MemberStatus, type RestoreView } from "./view.ts";

/** A controller replaces pods within seconds; what lasts longer is told. */
const REPLACED_WITHIN_MS = 10_000;
/** Pods of others come and go without a word to us: as often they are looked at, at first and later. */
const LOOK_SOON_MS = 1_000;
const LOOK_LATER_MS = 5_000;
const SOON_MS = 60_000;

interface DueMember {
  readonly targetIndex: number;
  readonly target: MemberStatus;
  /** Pods that can take hosts which wait for their turn. */
  readonly pods: readonly PodFact[];
  /** For how long the first of them waits. */
  readonly waitedMs: number;
}

/** Members with hosts that could be given their turn now. */
function dueMembers(view: RestoreView, status: RestoreStatus, now: Date): readonly DueMember[] {
  return runTargets(status).flatMap((target, targetIndex): DueMember[] => {
    if (!isStarted(target) || isJobTarget(view, target)) return [];
    const open = runHosts(target).filter(isOpenHost);
    const waiting = open.filter((host) => !isAssigned(host));
    const [first] = waiting;
    const facts = runFacts(view);
    const waitedMs = now.getTime() - (Date.parse(first?.assignedAt ?? "") || 0);
    const isFull = open.length - waiting.length >= view.limits.maxConcurrentHosts;
    if (first === undefined || isFull) return [];
    const byHost = podsOf(facts, target, waitedMs >= facts.podWaitMsOf(target));
    const pods = waiting.flatMap(({ hostname = "" }) => byHost.get(hostname) ?? []);
    return [{ targetIndex, target, pods, waitedMs }];
  });
}

/** Whether its controller should have brought a pod that waits for its data by now. */
function isRolloutStuck(view: RestoreView, { target, pods, waitedMs }: DueMember): boolean {
  const ref = targetRef(view, target);
  if (pods.length > 0) return false;
  if (view.gates.get(targetKey(ref))?.stuck !== undefined) return true;
  return ref.kind === "Deployment" && waitedMs >= REPLACED_WITHIN_MS;
}

/** What keeps a member's hosts from their turn; null when nothing does, undefined when that is not known. */
function whyHeld(view: RestoreView, status: RestoreStatus, member: DueMember): string | null | undefined {
  const { target, pods } = member;
  const gates = pods.map((pod) => turnGate(view, status, target, pod));
  for (const gate of gates) if (gate.kind === "closed") return gate.message;
  if (gates.some(({ kind }) => kind === "unknown")) return undefined;
  if (!isRolloutStuck(view, member)) return null;
  const { seen, monotonicMs } = view.quiet;
  if (seen === undefined || !seen.isFresh(monotonicMs)) return undefined;
  const ref = targetRef(view, target);
  const old = [...seen.list()].filter(
    ({ owner, isWaiting }) => owner?.kind === ref.kind && owner.name === ref.name && !isWaiting,
  );
  return old.length === 0 ? null : formatUnreplaced(ref, old, view.gates.get(targetKey(ref))?.stuck);
}

/** Puts into words whose pods a member waits for, and takes the words back when they are gone. */
export const tellOldPods: Row = {
  name: "old pods",
  next(view, status, now): Step | undefined {
    const due = dueMembers(view, status, now);
    for (const [index, target] of runTargets(status).entries()) {
      // Its turn waits for them itself.
      if (isJobTarget(view, target)) continue;
      const member = due.find(({ targetIndex }) => targetIndex === index);
      const why = member === undefined ? null : whyHeld(view, status, member);
      const isTold = target.reason === OLD_PODS_RUNNING;
      if (why === undefined || (why === null && !isTold)) continue;
      const told = why === null ? withoutExplanation(target) : withExplanation(target, OLD_PODS_RUNNING, why);
      if (told !== target) return { status: withRunTarget(status, index, () => told) };
    }
    return undefined;
  },
};

/** Whether the pods of the namespace are to be looked at: what is due hangs on it. */
export function dueLooks(view: RestoreView, status: RestoreStatus, now: Date): readonly OwnAction[] {
  const { seen, monotonicMs } = view.quiet;
  const due = dueMembers(view, status, now);
  const uids = due.flatMap(({ pods }) => pods.map(({ uid }) => uid));
  const isStale =
    seen === undefined ||
    uids.some((uid) => !seen.isFresh(monotonicMs, uid)) ||
    (due.some((member) => isRolloutStuck(view, member)) && !seen.isFresh(monotonicMs));
  const isDue = uids.length > 0 || due.some((member) => isRolloutStuck(view, member));
  return isDue && isStale ? [{ kind: "LookAtPods", uids }] : [];
}

/** One look serves all that is due. */
export function withOneLook(actions: readonly OwnAction[]): readonly OwnAction[] {
  const looks = actions.flatMap((action) => (action.kind === "LookAtPods" ? [action] : []));
  if (looks.length < 2) return actions;
  const others = actions.filter(({ kind }) => kind !== "LookAtPods");
  return [...others, { kind: "LookAtPods", uids: looks.flatMap(({ uids }) => uids) }];
}

/** Milliseconds until pods that are in the way are to be looked at again. */
export function msToNextLook(view: RestoreView, status: RestoreStatus, now: Date): number {
  const waits = dueMembers(view, status, now)
    .filter((member) => member.pods.length > 0 || isRolloutStuck(view, member))
    .map(({ waitedMs }) => waitedMs);
  const ofJobs = runTargets(status).flatMap((target) => {
    const isHeld = isJobTarget(view, target) && !isOver(target) && target.reason === OLD_PODS_RUNNING;
    const since = heldSince(target, { type: ConditionType.VolumesFree, status: "False" });
    return isHeld ? [now.getTime() - (Date.parse(since ?? "") || 0)] : [];
  });
  return Math.min(...[...waits, ...ofJobs].map((waitedMs) => (waitedMs < SOON_MS ? LOOK_SOON_MS : LOOK_LATER_MS)));
}
