/** What the init-container, or a job, does next. Pure. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { isEnded, isNewer, isTurn } from "../turn.ts";
import type { Begun } from "./begun-mark.ts";

export type HostTurn =
  /** The application may start. */
  | { readonly kind: "start"; readonly why: string }
  | { readonly kind: "fail"; readonly why: string }
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "restore"; readonly run: HostRun };

export interface RestoreFacts {
  /** Host runs of this pod; undefined before they were read once. */
  readonly runs: readonly HostRun[] | undefined;
  /** Whether there was one before: a job's restore that is gone comes to nothing. */
  readonly wasThere: boolean;
  /** A job has nothing to start: it tries once and says how that went. */
  readonly isOneTurn: boolean;
  /** What this pod has begun to write and not ended. */
  readonly begun: Begun | undefined;
}

/** Nobody restores this pod's data any more. What is half written must not look like data to the application. */
function release({ begun }: RestoreFacts, why: string): HostTurn {
  if (begun === undefined || begun.onFailure === "Start") return { kind: "start", why };
  const what = `${begun.restore} had begun to write the data of host ${begun.hostname}, which is not whole now`;
  const next = "restore it again, or delete this pod to start the application on what there is";
  return { kind: "fail", why: `${why}; ${what} (next: ${next})` };
}

/**
 * | # | facts | decision |
 * |---|---|---|
 * | 1 | not read yet | wait |
 * | 2 | a host run of this pod waits for its restore, or was in the middle of it | restore |
 * | 3 | released in any case | start |
 * | 4 | the newest one succeeded | start |
 * | 5 | a job: what there was is gone, failed or cancelled | fail |
 * | 6 | released, unless this pod had begun to write under `onFailure: Hold` | start; fail |
 * | 7 | the newest one failed, `onFailure: Start` | start |
 * | 8 | the newest one failed | wait for a new attempt |
 * | 9 | held | wait, with the reason |
 * | 10 | otherwise | wait for the turn |
 */
export function decideHostTurn(facts: RestoreFacts): HostTurn {
  const { runs, isOneTurn, wasThere } = facts;
  if (runs === undefined) return { kind: "wait", why: "the host runs of this pod have not been read yet" };
  const orders = runs.filter(({ spec }) => spec.work === "Restore" && spec.release === undefined);
  const run = orders.find(isTurn);
  if (run !== undefined) return { kind: "restore", run };
  const releases = runs.flatMap(({ spec }) => spec.release ?? []);
  const free = releases.find(({ mode }) => mode === "Always");
  if (free !== undefined) return { kind: "start", why: free.message };
  const newest = orders.reduce<HostRun | undefined>(
    (last, one) => (last === undefined || isNewer(one, last) ? one : last),
    undefined,
  );
  if (newest?.status?.phase === "Succeeded")
    return { kind: "start", why: `host ${newest.spec.host} was restored before` };
  const error = newest?.status?.error ?? newest?.spec.cancel?.message;
  if (isOneTurn && newest !== undefined) return { kind: "fail", why: error ?? "the restore ended before its turn" };
  if (isOneTurn && wasThere) return { kind: "fail", why: "the restore object does not exist any more" };
  const ifWhole = releases.find(({ mode }) => mode === "IfWhole");
  if (ifWhole !== undefined) return release(facts, ifWhole.message);
  const isFailed = newest !== undefined && (isEnded(newest) || newest.spec.cancel !== undefined);
  if (isFailed && newest.spec.restore?.onFailure === "Start") {
    return { kind: "start", why: `the restore failed, and onFailure is Start: ${error ?? ""}` };
  }
  if (isFailed) return { kind: "wait", why: `the restore failed: ${error ?? ""}` };
  return { kind: "wait", why: releases[0]?.message ?? "the turn of this pod has not come yet" };
}
