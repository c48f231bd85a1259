/** Locks of a repository as statuses list them: few, and their words short, for whoever may write a repository wrote them. Pure. */
import { MAX_LISTED_LOCKS, type RepositoryLock } from "./api/host-stats.ts";

const MAX_WORD_LENGTH = 256;

const cut = (word: string) => (word.length <= MAX_WORD_LENGTH ? word : `${word.slice(0, MAX_WORD_LENGTH - 1)}…`);

/** The first, with their words cut. */
export function boundLocks(locks: readonly RepositoryLock[]): readonly RepositoryLock[] {
  return locks.slice(0, MAX_LISTED_LOCKS).map(({ id, host, user, pid, ...rest }) => ({
    ...rest,
    id: cut(id),
    ...(host !== undefined && { host: cut(host) }),
    ...(user !== undefined && { user: cut(user) }),
    // A number that JSON can't carry would have every status refused.
    ...(pid !== undefined && Number.isSafeInteger(pid) && { pid }),
  }));
}
