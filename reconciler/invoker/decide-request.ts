/** Whether a workload is sent through admission again. Pure. */
import type { InjectionRecord } from "./injection-record.ts";

export interface RequestView {
  readonly isBeingDeleted: boolean;
  readonly isCurrent: boolean;
  /** A restore that has not ended names the workload: its pods are not restarted under it. */
  readonly isRestoring: boolean;
  readonly record: InjectionRecord;
}

export type RequestDecision =
  | { readonly kind: "Leave"; readonly reason: "BeingDeleted" | "UpToDate" | "RestoreRunning" | "InjectionConflict" }
  | { readonly kind: "Wait"; readonly requeueAfterMs: number }
  | { readonly kind: "Request"; readonly wanted: string };

/** First match wins, cheapest and safest first. */
export function decideRequest(view: RequestView, nowMs: number): RequestDecision {
  const { record } = view;
  if (view.isBeingDeleted) return { kind: "Leave", reason: "BeingDeleted" };
  if (view.isCurrent) return { kind: "Leave", reason: "UpToDate" };
  if (record.conflict !== undefined) return { kind: "Leave", reason: "InjectionConflict" };
  if (view.isRestoring) return { kind: "Leave", reason: "RestoreRunning" };
  if (record.notBeforeMs > nowMs) return { kind: "Wait", requeueAfterMs: record.notBeforeMs - nowMs };
  return { kind: "Request", wanted: record.wanted };
}
