/** What keeps a deleted invoker a moment longer: its sidecars go first. Pure. */

export interface FinalizeView {
  /** Targets that still carry what only this invoker wanted, by targetKey(). */
  readonly waitsFor: readonly string[];
  /** When the deletion was asked for, milliseconds since the epoch. */
  readonly deletedAtMs: number;
}

export type FinalizeDecision =
  | { readonly kind: "Wait"; readonly requeueAfterMs: number }
  /** `left` are targets that still carry it: a webhook that is down must not keep the invoker for ever. */
  | { readonly kind: "Release"; readonly left: readonly string[] };

/** Long enough for a webhook that is being restarted. */
export const LONGEST_FINALIZE_MS = 60_000;
const LOOK_AGAIN_MS = 2_000;

export function decideFinalize({ waitsFor, deletedAtMs }: FinalizeView, nowMs: number): FinalizeDecision {
  if (waitsFor.length === 0) return { kind: "Release", left: [] };
  const leftMs = deletedAtMs + LONGEST_FINALIZE_MS - nowMs;
  // A clock that was put back must not prolong the wait beyond its length.
  if (leftMs <= 0 || leftMs > LONGEST_FINALIZE_MS) return { kind: "Release", left: waitsFor };
  return { kind: "Wait", requeueAfterMs: Math.min(LOOK_AGAIN_MS, leftMs) };
}
