/** A backup that runs when its pod is told to end goes on for as long as the pod's owner gives it. Pure. */

/** What restic needs to end in order, and the agent to say so, before the kubelet kills them. */
const ENDING_SECONDS = 5;

/**
 * How long the work may go on after the signal, in milliseconds.
 *
 * @param graceSeconds the pod's terminationGracePeriodSeconds; undefined where nobody knows it
 */
export function graceMs(graceSeconds: number | undefined): number {
  return Math.max((graceSeconds ?? 0) - ENDING_SECONDS, 0) * 1_000;
}
