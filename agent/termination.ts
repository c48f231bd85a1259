/** What `kubectl describe pod` shows of a container that ended. */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

const TERMINATION_LOG = "/dev/termination-log";
/** Kubernetes shows no more than this. */
const MAX_BYTES = 4_096;

/**
 * Leaves the text for the kubelet, in place of what was left before. Without its file nothing happens: the text is in the
 * log as well.
 */
export function writeTermination(text: string, path: string = TERMINATION_LOG): void {
  try {
    // Only an existing file is the kubelet's.
    const file = openSync(path, "r+");
    try {
      ftruncateSync(file);
      writeSync(file, firstBytes(text), 0, "utf8");
    } finally {
      closeSync(file);
    }
  } catch {
    // Not in a pod.
  }
}

/** As much of the text as fits, without half a character at its end. */
function firstBytes(text: string): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, MAX_BYTES), { stream: true });
}
