/** Times as Kubernetes writes them. */

/** RFC 3339 in UTC with whole seconds, such as 2026-01-01T00:00:00Z (metav1.Time). */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: six digits of a second, such as 2026-01-01T00:00:00.123000Z. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** 0 where it is no time. */
export function timeMs(time: string | undefined): number {
  return Date.parse(time ?? "") || 0;
}

/** Clocks of machines that work together differ by less. */
export const CLOCKS_DIFFER_MS = 5 * 60_000;

/**
 * A time as far as it is past: a clock that was ahead, or anybody who may write it, may have left one that is still to come. By such
 * a one nothing would be news for long, so it counts as none: 0.
 */
export function pastMs(time: string | undefined, now: Date): number {
  const ms = timeMs(time);
  return ms > now.getTime() + CLOCKS_DIFFER_MS ? 0 : ms;
}

/** The first of the times that is past; undefined where none is. */
export function firstPast(times: readonly (string | undefined)[], now: Date): string | undefined {
  return times.find((time) => pastMs(time, now) > 0);
}
