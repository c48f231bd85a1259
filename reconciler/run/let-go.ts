/** When a run that our finalizers hold may go. */
import { Finalizer } from "../../shared/contract.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient, Parse } from "../../shared/kube/client/interface.ts";
import { isHeld } from "./deleted.ts";
import { removeFinalizers } from "./finalizers.ts";
import { isDeleted, type RunObject } from "./view.ts";

export interface LetGoView {
  /** It has ended, or has not begun. */
  readonly isOver: boolean;
  readonly isNamespaceEnding: boolean;
  readonly nowMs: number;
  /** How long a run may hold a namespace that is being deleted. */
  readonly waitMs: number;
}

/**
 * | # | run | answer |
 * |---|---|---|
 * | 1 | deleted, and over or not held | gone: it is ordered nothing, and what it owns goes with it |
 * | 2 | deleted, held, its namespace is being deleted for too long | gone: what it owes may need what can't be made any more |
 * | 3 | over, held | freed: it owes nothing any more |
 * | 4 | otherwise | kept: it is carried on, also to its end while an after-hook may be owed |
 */
export function decideLetGo(run: RunObject, view: LetGoView): "gone" | "freed" | "kept" {
  if (isDeleted(run)) {
    if (view.isOver || !isHeld(run)) return "gone";
    const waitedMs = view.nowMs - (Date.parse(run.metadata.deletionTimestamp ?? "") || 0);
    return view.isNamespaceEnding && waitedMs >= view.waitMs ? "gone" : "kept";
  }
  return isHeld(run) && view.isOver ? "freed" : "kept";
}

/** Whether what failed can't be made good: the namespace takes no new object, and the run is to go with it. */
export function isHopeless(run: RunObject, isNamespaceEnding: boolean, error: unknown): boolean {
  return isNamespaceEnding && isDeleted(run) && isHeld(run) && error instanceof KubeError && error.status === 403;
}

/** Takes off what holds a deleted run. @throws KubeError */
export async function letGo<Run extends RunObject>(
  client: Pick<KubeClient, "patch">,
  run: Run,
  parse: Parse<Run>,
  signal: AbortSignal,
): Promise<void> {
  await removeFinalizers(client, run, [Finalizer.Invoker, Finalizer.AfterHooks], parse, signal);
}
