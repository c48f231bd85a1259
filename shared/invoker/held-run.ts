/** Whether a session or restore is still there for others. Pure. */
import { Finalizer } from "../contract.ts";

interface RunMeta {
  readonly deletionTimestamp?: string | undefined;
  readonly finalizers?: readonly string[] | undefined;
}

/** Deleted, and held for the after-hooks that it owes: nothing may take its place before they are done. */
export function isCleaningUp({ deletionTimestamp, finalizers = [] }: RunMeta): boolean {
  return deletionTimestamp !== undefined && finalizers.includes(Finalizer.AfterHooks);
}

/** Deleted, and nothing of ours holds it: whatever else may do so, nobody carries it on. */
export function isAsGoodAsGone(metadata: RunMeta): boolean {
  return metadata.deletionTimestamp !== undefined && !isCleaningUp(metadata);
}
