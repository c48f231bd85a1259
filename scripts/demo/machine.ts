/** Whether this machine can run the demo, told before anything is started. */
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { formatBytes } from "./terminal/format.ts";

/** Volumes, dumps, repository, bundles and etcd's log take about 400 MiB; the rest is room to breathe. */
export const NEEDED_BYTES = 1024 ** 3;

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
  if (facts.platform !== "linux") obstacles.push(`The demo runs pods as Linux processes; this is ${facts.platform}.`);
  if (facts.uid !== 0) {
    obstacles.push("The demo needs root, for the namespaces and mounts of its pods. Run it again with sudo.");
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

/** What a failure of the machine means; undefined when the failure is of another kind. */
export function explainFailure(error: unknown): string | undefined {
  const text = error instanceof Error ? `${error.message} ${String(error.cause ?? "")}` : String(error);
  if (/ENOSPC|no space left/i.test(text)) return "The disk is full. Make room in the temporary folder and run again.";
  if (/EADDRINUSE|address already in use/i.test(text)) {
    return "A port was taken by another program just before it was used. Run again: ports are chosen anew.";
  }
  return undefined;
}
