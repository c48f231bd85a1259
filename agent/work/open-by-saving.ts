/**
 * Opens the repository by the first backup itself: a look of its own costs as much as opening it once more. Only where that backup
 * ends before it says anything of its work is the repository looked for, and made where there is none.
 */
import type { UserError } from "../../shared/errors.ts";
import type { Restic } from "../restic/client.ts";
import { RETRY_PATIENCE_MS } from "../restic/ensure-repository.ts";
import type { ResticMessage } from "../restic/messages.ts";

export interface Look {
  /** Is called once, when a backup has got so far that there must be a repository. */
  onFound(): void;
  /** Looks for the repository. @returns whether it was made now @throws UserError when it can't be opened or made */
  ensure(): Promise<boolean>;
  readonly signal: AbortSignal;
}

/** Of what restic writes before it has opened the repository nothing is any of these. */
const OF_WORK: readonly ResticMessage["kind"][] = ["status", "summary", "error"];

/** restic whose backups need no look for the repository before them; the other commands come after a backup. */
export function openBySaving(restic: Restic, { onFound, ensure, signal }: Look): Restic {
  let isFound = false;
  let failure: UserError | undefined;
  function find(): void {
    if (!isFound) onFound();
    isFound = true;
  }
  return {
    ...restic,
    async backup(backup, options) {
      if (failure !== undefined) throw failure;
      if (isFound) return restic.backup(backup, options);
      const exit = await restic.backup(backup, {
        ...options,
        openPatienceMs: RETRY_PATIENCE_MS,
        onMessage(message) {
          if (OF_WORK.includes(message.kind)) find();
          options.onMessage?.(message);
        },
      });
      if (exit.code === 0) find();
      if (isFound || signal.aborted) return exit;
      const isNew = await ensure().catch((error) => {
        failure = error;
        throw error;
      });
      isFound = true;
      return isNew ? restic.backup(backup, options) : exit;
    },
  };
}
