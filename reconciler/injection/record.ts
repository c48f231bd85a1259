/** What the process remembers of its requests for injection: how often they had no effect, and who undid them. Pure. */
import { type Backoff, doubledMs } from "../../shared/backoff.ts";

export interface InjectionRecord {
  /** The hash that the numbers are about; another one begins anew. */
  readonly wanted: string;
  /** Whether the workload was seen with it. */
  readonly wasCurrent: boolean;
  /** Requests in a row that changed nothing. */
  readonly vainRequests: number;
  /** No request before this time, milliseconds of the steady clock. */
  readonly notBeforeMs: number;
  /** The API server's words for the last request that it refused. */
  readonly refusal: string | undefined;
  /** When the wanted state was undone, newest last, milliseconds of the steady clock. */
  readonly revertedAtMs: readonly number[];
  /** Set when others undid it again and again: who wrote the pod template last. */
  readonly conflict: { readonly manager: string; readonly untilMs: number } | undefined;
}

/** So many reverts within this time are a conflict. */
const REVERTS = 3;
export const REVERT_WINDOW_MS = 10 * 60_000;
/** After this long one more try is made: the other controller may be gone. */
const CONFLICT_MS = 60 * 60_000;

const DELAY: Backoff = { baseMs: 1_000, maxMs: 5 * 60_000 };

export function newRecord(wanted: string): InjectionRecord {
  return {
    wanted,
    wasCurrent: false,
    vainRequests: 0,
    notBeforeMs: 0,
    refusal: undefined,
    revertedAtMs: [],
    conflict: undefined,
  };
}

/** The record after a look at the workload. What was there and is gone was undone by somebody. */
export function afterLook(
  record: InjectionRecord | undefined,
  seen: { readonly wanted: string; readonly isCurrent: boolean },
  nowMs: number,
): InjectionRecord {
  const known = record?.wanted === seen.wanted ? record : newRecord(seen.wanted);
  if (seen.isCurrent) {
    if (known.wasCurrent) return known;
    return { ...known, wasCurrent: true, vainRequests: 0, notBeforeMs: 0, refusal: undefined };
  }
  const isOver = known.conflict !== undefined && known.conflict.untilMs <= nowMs;
  const rested = isOver ? { ...known, conflict: undefined, revertedAtMs: [] } : known;
  if (!known.wasCurrent) return rested;
  const recent = rested.revertedAtMs.filter((atMs) => atMs > nowMs - REVERT_WINDOW_MS);
  return { ...rested, wasCurrent: false, revertedAtMs: [...recent, nowMs] };
}

/** Whether others undo the injection again and again, and nobody has been named yet. */
export function isNewConflict(record: InjectionRecord): boolean {
  return record.conflict === undefined && record.revertedAtMs.length >= REVERTS;
}

export function withConflict(record: InjectionRecord, manager: string, nowMs: number): InjectionRecord {
  return { ...record, conflict: { manager, untilMs: nowMs + CONFLICT_MS } };
}

/** The record after a request that the API server took, but that left the workload as it was. */
export function afterVainRequest(record: InjectionRecord, refusal: string | undefined, nowMs: number): InjectionRecord {
  const vainRequests = record.vainRequests + 1;
  const delayMs = doubledMs(DELAY, record.vainRequests);
  return { ...record, vainRequests, notBeforeMs: nowMs + delayMs, refusal };
}
