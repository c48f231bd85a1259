/** Waits for the entry that a job's step serves, in a session or in a restore. */
import { UserError } from "../../shared/errors.ts";
import type { ObjectView } from "../work/object-view.ts";

/** A job's steps start after the entry was made; more than this is a sign that it will not be. */
export const ENTRY_WAIT_MS = 10 * 60_000;

/**
 * @param find the entry in the object, or undefined while it is not there
 * @throws UserError NOT_FOUND when the object is gone, EXECUTOR_LOST when no entry comes
 */
export async function waitForEntry<T, E>(
  view: ObjectView<T>,
  find: (object: T) => E | undefined,
  shutdown: AbortSignal,
): Promise<{ readonly object: T; readonly entry: E }> {
  const limit = AbortSignal.any([shutdown, AbortSignal.timeout(ENTRY_WAIT_MS)]);
  for (;;) {
    const state = view.state();
    if (state.kind === "gone") throw new UserError("NOT_FOUND", "the session or restore does not exist any more");
    const entry = state.kind === "present" ? find(state.object) : undefined;
    if (state.kind === "present" && entry !== undefined) return { object: state.object, entry };
    if (limit.aborted) throw new UserError("EXECUTOR_LOST", "no entry was made for this job's host");
    await view.changed(limit);
  }
}
