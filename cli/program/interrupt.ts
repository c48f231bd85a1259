/** What Ctrl-C does: what a command has begun is taken away as far as it can be, and what goes on is told. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LeavesBehind } from "./command.ts";

export interface InterruptPorts {
  readonly tell: (text: string) => void;
  /** Ends the process. */
  readonly exit: () => void;
}

export interface Interrupt {
  readonly leavesBehind: LeavesBehind;
  readonly onSignal: () => void;
  /** Whether the end is on its way, whatever else happens. */
  readonly isEnding: () => boolean;
}

/** Nobody waits longer for a program that he has ended. */
const TIDY_MS = 15_000;

export function createInterrupt({ tell, exit }: InterruptPorts): Interrupt {
  let leftBehind: string | undefined;
  let tidy: (() => Promise<void>) | undefined;
  let isEnding = false;
  const end = () => {
    if (leftBehind !== undefined) tell(leftBehind);
    exit();
  };
  return {
    leavesBehind(text, takesAway) {
      leftBehind = text;
      tidy = takesAway;
    },
    isEnding: () => isEnding,
    onSignal() {
      if (isEnding || tidy === undefined) {
        end();
        return;
      }
      isEnding = true;
      tell("tidying up; Ctrl-C again ends at once");
      // What could not be taken away is told by the command itself.
      const tidied = tidy().catch(() => undefined);
      void Promise.race([tidied, sleep(TIDY_MS, undefined, { ref: false })]).then(end);
    },
  };
}
