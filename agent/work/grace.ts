/** A backup that runs when its pod is told to end goes on for as long as the pod's owner gives it. Pure. */
import { STOP_GRACE_MS } from "../restic/run.ts";

/** What the agent needs to say how it ended. */
const REPORT_MS = 2_000;
/** What restic is given to end in order, and the agent to say so, before the kubelet kills them. */
const ENDING_MS = STOP_GRACE_MS + REPORT_MS;

/**
 * How long the work may go on after the signal, in milliseconds.
 *
 * @param graceSeconds the pod's terminationGracePeriodSeconds; undefined where nobody knows it
 */
export function graceMs(graceSeconds: number | undefined): number {
  return Math.max((graceSeconds ?? 0) * 1_000 - ENDING_MS, 0);
}
