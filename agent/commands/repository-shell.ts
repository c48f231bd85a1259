/** `repository-shell`: keeps a container for commands that a person runs in it, and ends when none has run for a while. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { flagText, parseFlags } from "../flags.ts";
import { shutdownSignal } from "./shutdown.ts";

const LOOK_MS = 1_000;
/** Somebody who reads what he found comes back within this time, or starts anew. */
const IDLE_SECONDS = 60;

/** @returns 0, when nobody needs it any more or when it is told to end */
export async function run(argv: readonly string[]): Promise<number> {
  const idleMs = Number(flagText(parseFlags(argv), "idle-seconds") ?? IDLE_SECONDS) * 1_000;
  const signal = shutdownSignal();
  let usedAt = performance.now();
  while (!signal.aborted && performance.now() - usedAt < idleMs) {
    if (isInUse()) usedAt = performance.now();
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return 0;
}

/** Whether another process lives here. A pod's container has a list of processes of its own. */
function isInUse(): boolean {
  const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return others.some((pid) => {
    try {
      // `pid (name) state ...`: what has ended and was not waited for uses nothing.
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false;
    }
  });
}
