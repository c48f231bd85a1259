/** What Ctrl-C does: what a command has begun is taken away as far as it can be, and what goes on is told. */
import { setTimeout as sleep } from "node:timers/promises";
import type { AtStake, LeavesBehind } from "./command.ts";

export interface InterruptPorts {
  readonly tell: (text: string) => void;
  /** Ends the process. */
  readonly exit: () => void;
}

export interface Interrupt {
  readonly leavesBehind: LeavesBehind;
  readonly atStake: AtStake;
  readonly onSignal: () => void;
  /** Whoever read the output is gone: as after Ctrl-C, but for words to a person that looks on. */
  readonly onClosed: () => void;
  /** Whether the end is on its way, whatever else happens. */
  readonly isEnding: () => boolean;
}

/** Nobody waits longer for a program that he has ended. */
const TIDY_MS = 15_000;

export function createInterrupt({ tell, exit }: InterruptPorts): Interrupt {
  let leftBehind: string | undefined;
  let tidy: (() => Promise<void>) | undefined;
  let isEnding = false;
  const open = new Set<{ readonly text: string }>();
  const end = () => {
    if (leftBehind !== undefined) tell(leftBehind);
    for (const { text } of open) tell(text);
    exit();
  };
  function finish(isTold: boolean): void {
    if (isEnding || tidy === undefined) {
      end();
      return;
    }
    isEnding = true;
    if (isTold) tell("tidying up; Ctrl-C again ends at once");
    // What could not be taken away is told by the command itself.
    const tidied = tidy().catch(() => undefined);
    void Promise.race([tidied, sleep(TIDY_MS, undefined, { ref: false })]).then(end);
  }
  return {
    leavesBehind(text, takesAway) {
      leftBehind = text;
      tidy = takesAway;
    },
    atStake(text) {
      const one = { text };
      open.add(one);
      return () => void open.delete(one);
    },
    isEnding: () => isEnding,
    onSignal: () => finish(true),
    onClosed() {
      // Each write that comes after fails in the same way.
      if (!isEnding) finish(false);
    },
  };
}
