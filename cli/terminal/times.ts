/** Times for people, as kubectl writes them. Pure. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `45s`, `12m`, `3h10m`, `5d`: two units where they matter. */
export function formatAge(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 2 * MINUTE_MS) return `${Math.floor(age / SECOND_MS)}s`;
  if (age < 3 * HOUR_MS) return `${Math.floor(age / MINUTE_MS)}m`;
  if (age < 2 * DAY_MS) {
    const minutes = Math.floor((age % HOUR_MS) / MINUTE_MS);
    return `${Math.floor(age / HOUR_MS)}h${minutes === 0 ? "" : `${minutes}m`}`;
  }
  return `${Math.floor(age / DAY_MS)}d`;
}

/** Age of a time in RFC 3339, or a dash where there is none. */
export function formatSince(time: string | undefined, nowMs: number): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? "-" : formatAge(nowMs - at);
}

/** `in 3h`, or a dash where there is none. */
export function formatUntil(time: string | undefined, nowMs: number): string {
  const at = Date.parse(time ?? "");
  if (Number.isNaN(at)) return "-";
  return at <= nowMs ? "now" : `in ${formatAge(at - nowMs)}`;
}
