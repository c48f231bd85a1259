/** Which locks others have in the repository, for the Repository's status. */
import type { HostRunStatus } from "../../shared/api/host-run.ts";
import { MAX_LISTED_LOCKS } from "../../shared/api/host-stats.ts";
import { messageOf } from "../../shared/errors.ts";
import { boundLocks } from "../../shared/listed-locks.ts";
import { gatherLocks } from "../locks/gather.ts";
import type { Logger } from "../log.ts";
import type { Restic } from "../restic/client.ts";

interface LookPorts {
  readonly signal: AbortSignal;
  readonly log: Logger;
  now(): Date;
}

/** Looks at them. That it fails is nothing to anybody else: what was seen before stays. */
export async function tellLocks(
  restic: Restic,
  { signal, log, now }: LookPorts,
): Promise<Pick<HostRunStatus, "listedLocks">> {
  try {
    const seenAt = now().toISOString();
    return { listedLocks: { seenAt, locks: boundLocks(await gatherLocks(restic, signal, MAX_LISTED_LOCKS)) } };
  } catch (error) {
    log.warn({ error: messageOf(error) }, "locks not looked at");
    return {};
  }
}
