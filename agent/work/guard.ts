/** Stops work when its host run is cancelled or goes, or when its time is up. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { isErrorCode, UserError } from "../../shared/errors.ts";
import type { Logger } from "../log.ts";
import type { OwnRuns } from "../own-runs.ts";
import type { Stopper } from "./stop.ts";

/** Longer waits than a timer can hold are left to the reconciler. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How long the work may take, by the reconciler's clock alone: a node's may be an hour off. */
function timeLimitMs({ spec }: HostRun): number | undefined {
  const limitMs = Date.parse(spec.deadline ?? "") - Date.parse(spec.assignedAt ?? "");
  return Number.isNaN(limitMs) ? undefined : Math.max(0, limitMs);
}

export interface GuardPorts {
  readonly runs: OwnRuns;
  readonly stopper: Stopper;
  readonly log: Logger;
  /** Whether the work is still wanted, besides that nobody cancelled it. */
  isWanted?(run: HostRun): boolean;
}

/** @returns a function that ends the watch over the work */
export function guardWork(run: HostRun, { runs, stopper, log, isWanted }: GuardPorts): () => void {
  function look(): void {
    const now = runs.get(run.metadata.name);
    if (now === undefined || now.metadata.uid !== run.metadata.uid) {
      stopper.stop({ kind: "lost" });
      return;
    }
    const { cancel } = now.spec;
    if (isWanted !== undefined) {
      if (!isWanted(now)) stopper.stop({ kind: "lost" });
    } else if (cancel?.reason === "EXECUTOR_LOST") {
      // The host is another pod's: nothing that this one says counts.
      stopper.stop({ kind: "lost" });
    } else if (cancel !== undefined) {
      const code = isErrorCode(cancel.reason) ? cancel.reason : "RESTIC_KILLED";
      stopper.stop({ kind: "failed", error: new UserError(code, cancel.message) });
    }
  }
  const limitMs = isWanted === undefined ? timeLimitMs(run) : undefined;
  const timer =
    limitMs === undefined || limitMs > LONGEST_TIMER_MS
      ? undefined
      : setTimeout(() => {
          log.warn({ deadline: run.spec.deadline }, "deadline passed");
          const error = new UserError("DEADLINE_EXCEEDED", `the deadline ${run.spec.deadline} passed`);
          stopper.stop({ kind: "failed", error });
        }, limitMs);
  const unlisten = runs.onChange(look);
  look();
  return () => {
    unlisten();
    clearTimeout(timer);
  };
}
