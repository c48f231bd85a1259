/** What keeps pods with the sidecar from being made or ready, as far as it can be the sidecar. Pure. */
import type { PodObject } from "../world/pod-object.ts";
import type { WorkloadObject } from "../world/workload-object.ts";

export type TroubleKind = "NotMade" | "NotReady";

export interface Trouble {
  readonly kind: TroubleKind;
  /** The cluster's words. */
  readonly words: string;
  /** The workload has no pod at all, since its controller could make none. */
  readonly isDown?: true;
  /** A pod that has not begun, and its volumes that may be why. That has to be shown before anything is done. */
  readonly waiting?: WaitingPod;
}

export interface WaitingPod {
  readonly name: string;
  readonly uid: string;
  readonly volumes: readonly string[];
}

/** Since when there is one, milliseconds of the steady clock. */
export interface LastingTrouble extends Trouble {
  readonly sinceMs: number;
  /** It was looked into, and is not the sidecar's: not again before this time. */
  readonly notBeforeMs?: number;
}

/** How long a trouble may last before the sidecar is taken out, in milliseconds. */
export interface TroubleLimits {
  readonly notMadeMs: number;
  readonly notReadyMs: number;
}

export const DEFAULT_TROUBLE_LIMITS: TroubleLimits = { notMadeMs: 2 * 60_000, notReadyMs: 10 * 60_000 };

/** An application of which nothing runs waits no longer than it takes quotas to count the pods that went. */
const DOWN_MS = 20_000;

/** A container that was killed for its memory so lately is about to be killed again. */
const KILLED_LATELY_MS = 10 * 60_000;

interface TroubleView {
  readonly workload: WorkloadObject;
  /** The workload's own, those that carry one of our containers. */
  readonly pods: readonly PodObject[];
  /** What the sidecar of the present template is made from. */
  readonly hash: string | undefined;
}

/** @param nowMs milliseconds since the epoch */
export function findTrouble({ workload, pods, hash }: TroubleView, nowMs: number): Trouble | undefined {
  const { failure, replicas, existingReplicas } = workload;
  // Numbers of a former template say nothing about the sidecar.
  if (workload.observedGeneration < workload.generation) return undefined;
  if (failure !== undefined)
    return { kind: "NotMade", words: failure, ...(existingReplicas === 0 && { isDown: true }) };
  for (const pod of pods) {
    if (pod.isEnded || pod.isTerminating || pod.backupHash !== hash) continue;
    const words = whyHeldUp(pod, nowMs);
    if (words === undefined) continue;
    const { name, uid, holdup } = pod;
    const waiting = holdup?.volumes && { name, uid, volumes: holdup.volumes };
    return { kind: "NotReady", words: `pod ${name}: ${words}`, ...(waiting && { waiting }) };
  }
  const missing = replicas - existingReplicas;
  if (missing > 0) return { kind: "NotMade", words: `${missing} of ${replicas} pods are missing` };
  return undefined;
}

function whyHeldUp({ holdup }: PodObject, nowMs: number): string | undefined {
  if (holdup === undefined) return undefined;
  const { killedAtMs } = holdup;
  return killedAtMs === undefined || nowMs - killedAtMs < KILLED_LATELY_MS ? holdup.words : undefined;
}

/** A trouble lasts for as long as it is of the same kind: its words may tell of another pod each time. */
export function lastingTrouble(
  before: LastingTrouble | undefined,
  trouble: Trouble | undefined,
  nowMs: number,
): LastingTrouble | undefined {
  if (trouble === undefined) return undefined;
  if (before?.kind !== trouble.kind) return { ...trouble, sinceMs: nowMs };
  const { waiting: _, isDown: __, ...lasting } = before;
  return isSameTrouble(before, trouble) ? before : { ...lasting, ...trouble };
}

function isSameTrouble(a: Trouble, b: Trouble): boolean {
  return a.words === b.words && a.waiting?.uid === b.waiting?.uid && a.isDown === b.isDown;
}

/** When the sidecar is to be taken out for it, milliseconds of the steady clock. */
export function dueAtMs(trouble: LastingTrouble, { notMadeMs, notReadyMs }: TroubleLimits): number {
  const { kind, sinceMs, isDown, notBeforeMs = 0 } = trouble;
  const limitMs = kind === "NotMade" ? notMadeMs : notReadyMs;
  return Math.max(sinceMs + (isDown ? Math.min(DOWN_MS, limitMs) : limitMs), notBeforeMs);
}
