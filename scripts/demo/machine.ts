/** Whether this machine can run the demo, told before anything is started. */
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { formatBytes } from "./terminal/format.ts";

/** Volumes and repository take 230 MiB, the cluster's data 300, images 200 beside the cache; the rest is room to breathe. */
export const NEEDED_BYTES = 1.5 * 1024 ** 3;

export interface MachineFacts {
  readonly platform: string;
  readonly uid: number | undefined;
  readonly temporaryFolder: string;
  readonly freeBytes: number;
}

export async function gatherMachineFacts(): Promise<MachineFacts> {
  const temporaryFolder = tmpdir();
  const { bavail, bsize } = await statfs(temporaryFolder);
  return { platform: process.platform, uid: process.getuid?.(), temporaryFolder, freeBytes: bavail * bsize };
}

/** @returns everything that stands in the way, each with what to do; empty when nothing does */
export function findObstacles(facts: MachineFacts): readonly string[] {
  const obstacles: string[] = [];
  if (facts.platform !== "linux")
    obstacles.push(`The demo runs a Kubernetes node, which needs Linux; this is ${facts.platform}.`);
  if (facts.uid !== 0) {
    obstacles.push("The demo needs root, for the namespaces and mounts of its node. Run it again with sudo.");
  }
  if (facts.freeBytes < NEEDED_BYTES) {
    const { temporaryFolder, freeBytes } = facts;
    obstacles.push(
      `${temporaryFolder} has ${formatBytes(freeBytes)} free and the demo needs ${formatBytes(NEEDED_BYTES)}. ` +
        "Make room there, or name another folder in TMPDIR.",
    );
  }
  return obstacles;
}

/** Below this, programs fail for want of space in words of their own. */
const FULL_BYTES = 32 * 1024 ** 2;

/**
 * What a failure says about the machine; undefined when it is of another kind.
 *
 * @param facts of the machine just after the failure
 */
export function explainFailure(error: unknown, facts: MachineFacts): string | undefined {
  const text = error instanceof Error ? `${error.message} ${String(error.cause ?? "")}` : String(error);
  if (/ENOSPC|no space left/i.test(text) || facts.freeBytes < FULL_BYTES) {
    return `${facts.temporaryFolder} is full. Make room there, or name another folder in TMPDIR, and run again.`;
  }
  if (/EADDRINUSE|address already in use/i.test(text)) {
    return "A port was taken by another program just before it was used. Run again: ports are chosen anew.";
  }
  return undefined;
}
