/** Times as Kubernetes writes them. */

/** metav1.Time: whole seconds, such as 2026-01-01T00:00:00Z. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: six digits of a second, such as 2026-01-01T00:00:00.123000Z. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}
