/** What `kubectl describe pod` shows of a container that ended. */
import { writeFileSync } from "node:fs";

const TERMINATION_LOG = "/dev/termination-log";
/** Kubernetes shows no more than this. */
const MAX_LENGTH = 4_096;

/** Leaves the text for the kubelet. Without its file nothing happens: the text is in the log as well. */
export function writeTermination(text: string, path: string = TERMINATION_LOG): void {
  try {
    // Only an existing file is the kubelet's.
    writeFileSync(path, text.slice(0, MAX_LENGTH), { flag: "r+" });
  } catch {
    // Not in a pod.
  }
}
