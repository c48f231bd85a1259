/** Whether this machine can hold a test cluster, told before anything is started. */
import { readFile, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { formatBytes } from "../cli/runs/format.ts";

/** Volumes and repository take 230 MiB, the cluster's data 300, images 200 beside the cache; the rest is room to breathe. */
export const NEEDED_BYTES = 1.5 * 1024 ** 3;

export interface MachineFacts {
  readonly platform: string;
  readonly uid: number | undefined;
  readonly temporaryFolder: string;
  readonly freeBytes: number;
  /** What the kernel can mount, as /proc/filesystems lists it. */
  readonly fileSystems: readonly string[];
}

export async function gatherMachineFacts(): Promise<MachineFacts> {
  const temporaryFolder = tmpdir();
  const { bavail, bsize } = await statfs(temporaryFolder);
  const listed = await readFile("/proc/filesystems", "utf8").catch(() => "");
  const fileSystems = listed.split("\n").map((line) => line.split("\t")[1] ?? "");
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    temporaryFolder,
    freeBytes: bavail * bsize,
    fileSystems,
  };
}

/** @returns everything that stands in the way, each with what to do; empty when nothing does */
export function findObstacles(facts: MachineFacts): readonly string[] {
  const obstacles: string[] = [];
  if (facts.platform !== "linux") obstacles.push(`A Kubernetes node needs Linux; this is ${facts.platform}.`);
  if (facts.uid !== 0) {
    obstacles.push("A Kubernetes node needs root, for its namespaces and mounts. Run this again with sudo.");
  }
  if (facts.platform === "linux" && !facts.fileSystems.includes("overlay")) {
    obstacles.push("The kernel has no overlayfs, which images are unpacked with. Load it: modprobe overlay.");
  }
  if (facts.freeBytes < NEEDED_BYTES) {
    const { temporaryFolder, freeBytes } = facts;
    obstacles.push(
      `${temporaryFolder} has ${formatBytes(freeBytes)} free and a test cluster needs ${formatBytes(NEEDED_BYTES)}. ` +
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
