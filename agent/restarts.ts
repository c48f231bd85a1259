/** How often what serves a host may begin anew. */
import { UserError } from "../shared/errors.ts";

/** A container that dies of its work would die for ever: the next start would do the same again. */
const MAX_RESTARTS = 3;

/**
 * @param starts of the work, this one included
 * @param what is begun, such as `host db-0`
 * @throws UserError AGENT_RESTARTED when there were too many
 */
export function requireFewStarts(starts: number, what: string): void {
  if (starts <= MAX_RESTARTS) return;
  throw new UserError("AGENT_RESTARTED", `${what}: what served it ended ${starts - 1} times in the middle of its work`);
}
