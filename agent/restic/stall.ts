/** Tells a program that stands still from one that is slow, by what the kernel counts and by the progress that it tells itself. */
import { readFileSync } from "node:fs";

/** So long nothing may move. */
export const STALL_LIMIT_MS = 30 * 60_000;
/** Less than this is no work: timers and keep-alives of a program that waits. */
const STILL_BYTES = 64 * 1024;
const LOOKS = 30;
const LONGEST_PAUSE_MS = 30_000;

/** What a program has read and written: by calls of any kind, and from and to disks. */
export interface Transfers {
  readonly byCalls: number;
  readonly byDisks: number;
}

/** @returns undefined when there is no such process, or it may not be looked at */
export function gatherTransfers(pid: number): Transfers | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/io`, "utf8");
  } catch {
    return undefined;
  }
  const fields = new Map([...text.matchAll(/^(\w+): (\d+)$/gm)].map(([, name = "", value]) => [name, Number(value)]));
  const sum = (...names: readonly string[]) => names.reduce((all, name) => all + (fields.get(name) ?? 0), 0);
  return { byCalls: sum("rchar", "wchar"), byDisks: sum("read_bytes", "write_bytes") };
}

export interface StallPorts {
  readonly limitMs: number;
  /** What it has transferred so far; undefined when that is not known, and then it never counts as standing still. */
  transfers(): Transfers | undefined;
  /** How much of that it has told us: words are no work. */
  heardBytes(): number;
  /** Whether it waits for somebody who takes what it gives. */
  isHeldUp?(): boolean;
  onStall(): void;
}

export interface StallWatch {
  /** @param progress what the program tells of its work; it moves when that is another */
  tell(progress: string): void;
  end(): void;
}

/** Looks at a program until it has stood still for the limit, or the watch is ended. */
export function watchStall({ limitMs, transfers, heardBytes, isHeldUp, onStall }: StallPorts): StallWatch {
  let movedAtMs = performance.now();
  let told: string | undefined;
  let mark = { byCalls: 0, byDisks: 0 };

  function look(): void {
    const now = transfers();
    const byCalls = (now?.byCalls ?? 0) - heardBytes();
    const isMoving =
      now === undefined || byCalls - mark.byCalls >= STILL_BYTES || now.byDisks - mark.byDisks >= STILL_BYTES;
    if (isMoving || isHeldUp?.() === true) {
      mark = { byCalls, byDisks: now?.byDisks ?? 0 };
      movedAtMs = performance.now();
    } else if (performance.now() - movedAtMs >= limitMs) {
      clearInterval(timer);
      onStall();
    }
  }

  const timer = setInterval(look, Math.min(limitMs / LOOKS, LONGEST_PAUSE_MS));
  return {
    tell(progress) {
      if (progress === told) return;
      told = progress;
      movedAtMs = performance.now();
    },
    end: () => clearInterval(timer),
  };
}
