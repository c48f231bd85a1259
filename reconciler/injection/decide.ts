/**
 * Whether a workload is sent through admission again. Pure. First match wins, cheapest and safest first:
 *
 * | # | workload | |
 * |---|---|---|
 * | 1 | is being deleted | left alone |
 * | 2 | has the sidecar that it should, and the init-container of a restore that is gone: left-over.ts | that is taken out, when it is time |
 * | 3 | is held, and nothing wants a sidecar | the hold ends |
 * | 4 | is held, its pods did not become ready, and nothing that they are made from changed since | left alone |
 * | 5 | is held | asked for by a dry run, when it is time |
 * | 6 | is as it should be, and its pods are | left alone |
 * | 7 | is as it should be, and its pods can't be made or become ready | the sidecar is taken out after a limit |
 * | 8 | others undo the injection again and again, or a restore runs | left alone |
 * | 9 | was re-submitted in vain, or refused, a moment ago | waits |
 * | 10 | lacks the sidecar | asked for by a dry run, then re-submitted, as soon as few enough others are restarting |
 * | 11 | has one too many | re-submitted |
 */
import type { Hold } from "../../shared/injection/hold.ts";
import { type LastingLeftOver, waitOfLeftOver } from "./left-over.ts";
import type { InjectionRecord } from "./record.ts";
import type { Refusal } from "./refusal.ts";
import { dueAtMs, type LastingTrouble, type TroubleLimits } from "./trouble.ts";

export interface RequestView {
  readonly isBeingDeleted: boolean;
  /** The template is as it should be, a hold taken into account. */
  readonly isCurrent: boolean;
  /** A restore that has not ended names the workload: its pods are not restarted under it. */
  readonly isRestoring: boolean;
  readonly record: InjectionRecord;
  readonly hold: Hold | undefined;
  /** There would be a sidecar if nothing held it. */
  readonly wantsSidecar: boolean;
  /** What pods with that sidecar are made from. */
  readonly origin: string;
  readonly refusal: Refusal | undefined;
  readonly trouble: LastingTrouble | undefined;
  readonly leftOver: LastingLeftOver | undefined;
  readonly limits: TroubleLimits;
}

export type RequestDecision =
  | {
      readonly kind: "Leave";
      readonly reason:
        | "BeingDeleted"
        | "UpToDate"
        | "RestoreRunning"
        | "InjectionConflict"
        | "InjectionRefusedByCluster";
    }
  | { readonly kind: "Wait"; readonly requeueAfterMs: number }
  | { readonly kind: "Request"; readonly wanted: string }
  | { readonly kind: "Prove" }
  | { readonly kind: "Release" }
  | { readonly kind: "TakeOut"; readonly trouble: LastingTrouble }
  | { readonly kind: "TakeOutInit"; readonly leftOver: LastingLeftOver };

/** Nobody tells when a restore has ended. */
const RESTORE_AGAIN_MS = 60_000;

export function decideRequest(view: RequestView, nowMs: number): RequestDecision {
  const { leftOver } = view;
  if (view.isBeingDeleted) return { kind: "Leave", reason: "BeingDeleted" };
  if (leftOver === undefined || !view.isCurrent || view.isRestoring) return decideSidecar(view, nowMs);
  const waitMs = waitOfLeftOver(leftOver, nowMs);
  if (waitMs === 0) return { kind: "TakeOutInit", leftOver };
  const decision = decideSidecar(view, nowMs);
  if (decision.kind === "Leave") return { kind: "Wait", requeueAfterMs: waitMs };
  if (decision.kind !== "Wait") return decision;
  return { kind: "Wait", requeueAfterMs: Math.min(decision.requeueAfterMs, waitMs) };
}

function decideSidecar(view: RequestView, nowMs: number): RequestDecision {
  const { record, hold, isCurrent } = view;
  if (isCurrent && hold !== undefined) return decideHeld(view, hold, nowMs);
  if (isCurrent) return decideTrouble(view, nowMs);
  if (record.conflict !== undefined) return { kind: "Leave", reason: "InjectionConflict" };
  if (view.isRestoring) return { kind: "Leave", reason: "RestoreRunning" };
  if (record.notBeforeMs > nowMs) return { kind: "Wait", requeueAfterMs: record.notBeforeMs - nowMs };
  if (hold !== undefined || !view.wantsSidecar) return { kind: "Request", wanted: record.wanted };
  return whenRefused(view, nowMs) ?? { kind: "Prove" };
}

function decideHeld(view: RequestView, hold: Hold, nowMs: number): RequestDecision {
  if (!view.wantsSidecar) return { kind: "Release" };
  if (hold.kind === "Pods" && hold.origin === view.origin)
    return { kind: "Leave", reason: "InjectionRefusedByCluster" };
  if (view.isRestoring) return { kind: "Leave", reason: "RestoreRunning" };
  return whenRefused(view, nowMs) ?? { kind: "Prove" };
}

/** A refusal counts for what was refused alone. */
function whenRefused({ refusal, origin }: RequestView, nowMs: number): RequestDecision | undefined {
  if (refusal?.origin !== origin || refusal.notBeforeMs <= nowMs) return undefined;
  return { kind: "Wait", requeueAfterMs: refusal.notBeforeMs - nowMs };
}

function decideTrouble({ trouble, limits, isRestoring }: RequestView, nowMs: number): RequestDecision {
  if (trouble === undefined) return { kind: "Leave", reason: "UpToDate" };
  const leftMs = dueAtMs(trouble, limits) - nowMs;
  if (leftMs > 0) return { kind: "Wait", requeueAfterMs: leftMs };
  return isRestoring ? { kind: "Wait", requeueAfterMs: RESTORE_AGAIN_MS } : { kind: "TakeOut", trouble };
}
