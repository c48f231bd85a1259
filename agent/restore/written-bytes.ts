/** How much a process has written, as the kernel counts it. */
import { readFileSync } from "node:fs";

/** @returns undefined when there is no such process or the kernel does not tell */
export function gatherWrittenBytes(pid: number): number | undefined {
  try {
    const written = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1];
    return written === undefined ? undefined : Number(written);
  } catch {
    return undefined;
  }
}
