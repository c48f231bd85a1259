/** Times as Kubernetes writes them. */

/** RFC 3339 in UTC with whole seconds, such as 2026-01-01T00:00:00Z (metav1.Time). */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: six digits of a second, such as 2026-01-01T00:00:00.123000Z. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}
