/** As upstream's, for a hook that has no limit of its own. */
export const DEFAULT_HOOK_LIMIT_MS = 5 * 60_000;
