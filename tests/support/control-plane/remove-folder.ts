/** Removes a data folder, but never what is mounted inside it. */
import { readFileSync, rmSync } from "node:fs";

/**
 * Removes a folder with all that is in it; a folder that is gone already is fine.
 *
 * @throws Error when something is mounted in it: a removal would reach the files behind the mount, which may be anyone's
 */
export function removeFolder(folder: string): void {
  // The fifth word of each line is a mount point.
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((mountPoint) => mountPoint.startsWith(`${folder}/`));
  if (mounts.length > 0) throw new Error(`${folder} is kept, since something is mounted at ${mounts.join(", ")}`);
  // What still runs may write into it meanwhile.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
