/**
 * The parts of a run's status that grow with its hosts: each can be listed in the status or be kept in a record. Pure.
 */
import type { HookResult } from "../../shared/api/hook-result.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { type HostEntry, isAssigned, isOpenHost, type TargetEntry } from "./entries.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";

export interface Piece {
  /** Which part it is; see `pieceKey`. */
  readonly key: string;
  readonly json: string;
  readonly bytes: number;
  /** What matters more to a person comes first. */
  readonly rank: Rank;
}

/** In the order in which a status lists them while there is room. */
const RANKS = {
  atWork: 0,
  failed: 1,
  target: 2,
  snapshot: 3,
  failedHook: 4,
  succeeded: 5,
  hook: 6,
  waiting: 7,
} as const;
type Rank = (typeof RANKS)[keyof typeof RANKS];

export const pieceKey = {
  host: (targetIndex: number, position: number) => `hosts/${targetIndex}/${position}`,
  hook: (targetIndex: number, position: number) => `hooks/${targetIndex}/${position}`,
  target: (targetIndex: number) => `targets/${targetIndex}`,
  snapshot: (position: number) => `snapshots/${position}`,
} as const;

/** Entries are values that nobody changes, and most of them stay the same from look to look. */
const texts = new WeakMap<object, { readonly json: string; readonly bytes: number }>();

function textOf(value: object) {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = textWith(value, undefined);
  texts.set(value, text);
  return text;
}

/** @param beside what is listed with it and never recorded */
function textWith(value: object, beside: object | undefined) {
  const json = canonicalJson(value);
  const further = beside === undefined ? 0 : Buffer.byteLength(canonicalJson({ beside }));
  return { json, bytes: Buffer.byteLength(json) + further };
}

/** Without its progress: that is news every few seconds, and comes from the host run at each look. */
function textOfHost(host: HostEntry) {
  const known = texts.get(host);
  if (known !== undefined) return known;
  const { progress, ...lasting } = host;
  const text = textWith(lasting, progress);
  texts.set(host, text);
  return text;
}

function isGood({ phase }: HostEntry): boolean {
  return phase === "Succeeded";
}

export type HostState = "succeeded" | "failed" | "running" | "pending";

export function stateOf(host: HostEntry): HostState {
  if (isOpenHost(host)) return isAssigned(host) ? "running" : "pending";
  return isGood(host) ? "succeeded" : "failed";
}

/** Work on the repository is read from the status by others, so its host is always among the first. */
function rankOfHost(host: HostEntry): Rank {
  if ((host.actions?.length ?? 0) > 0) return RANKS.atWork;
  const ranks = {
    running: RANKS.atWork,
    failed: RANKS.failed,
    succeeded: RANKS.succeeded,
    pending: RANKS.waiting,
  } as const;
  return ranks[stateOf(host)];
}

function rankOfHook({ phase }: HookResult): Rank {
  if (phase === "Failed") return RANKS.failedHook;
  return phase === "Succeeded" || phase === "Skipped" ? RANKS.hook : RANKS.atWork;
}

/** A target without what grows with its hosts. */
export function headOf<Target extends TargetEntry>(target: Target): Omit<Target, "stats" | "hooks" | "unlisted"> {
  const { stats: _stats, hooks: _hooks, unlisted: _unlisted, ...head } = target;
  return head;
}

/** Whether the targets themselves may have to give way: a RestoreSession has one, which is the object itself. */
function hasManyTargets(status: RunStatus): boolean {
  return runTargets(status).length > 1;
}

/** All parts of the whole status that may be kept elsewhere, the most important first. */
export function piecesOf(status: RunStatus): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [at, target] of runTargets(status).entries()) {
    const rank = target.phase === "Failed" ? RANKS.failed : RANKS.target;
    if (hasManyTargets(status)) pieces.push({ key: pieceKey.target(at), rank, ...textWith(headOf(target), undefined) });
    for (const [position, host] of runHosts(target).entries()) {
      pieces.push({ key: pieceKey.host(at, position), rank: rankOfHost(host), ...textOfHost(host) });
    }
    for (const [position, hook] of (target.hooks ?? []).entries()) {
      pieces.push({ key: pieceKey.hook(at, position), rank: rankOfHook(hook), ...textOf(hook) });
    }
  }
  for (const [position, snapshot] of (status.recoveryPoint?.snapshots ?? []).entries()) {
    pieces.push({ key: pieceKey.snapshot(position), rank: RANKS.snapshot, ...textOf(snapshot) });
  }
  return pieces.sort((a, b) => a.rank - b.rank);
}
