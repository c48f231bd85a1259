/**
 * Sums a run's whole status up so that it fits into an object: what is at work and what failed is listed first, the rest is
 * counted, and everything that is not listed is kept in records, which are host runs of the run. Pure.
 */
import type { RecordedPiece } from "../../shared/api/host-run.ts";
import { MAX_RECORDED_LENGTH } from "../../shared/api/schema.ts";
import type { Unlisted } from "../../shared/api/unlisted.ts";
import type { HostEntry, TargetEntry } from "./entries.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";
import { type HostState, headOf, type Piece, pieceKey, piecesOf, stateOf } from "./pieces.ts";
import type { Recorded } from "./records.ts";
import { cutText } from "./text-room.ts";

/** How many bytes a status, and what it leaves out, may take. */
export interface StatusRoom {
  readonly status: number;
  /** Less is listed than would fit, so that a record is made for many changes and not for each. */
  readonly listed: number;
  /** Listed in any case, where targets alone take that much. */
  readonly leastListed: number;
  /** Names of targets whose details are not listed. */
  readonly stubs: number;
  /** Well below what etcd takes. */
  readonly record: number;
}

/** 256 KiB are for the status; a little is left for what the API server spells longer. */
export const STATUS_ROOM: StatusRoom = {
  status: 250_000,
  listed: 180_000,
  leastListed: 20_000,
  stubs: 200_000,
  record: 256_000,
};
/** Brackets, commas, `"position":12345`. */
const BYTES_BESIDE = 24;
/** Of conditions and hooks of the run itself. */
const LONGEST_TEXT = 1_024;

export interface SummedUp<Status> {
  /** As it is to be stored; its records are those that were there. */
  readonly status: Status;
  /** What is to be kept in records before that is written: one list a record. */
  readonly records: readonly (readonly RecordedPiece[])[];
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

/** The whole status without anything that grows with the hosts. */
function baseOf<Status extends RunStatus>(whole: Status) {
  const { hooks, conditions } = whole;
  const cut = ({ message }: { readonly message?: string }) =>
    message === undefined ? {} : { message: cutText(message, LONGEST_TEXT) };
  return {
    ...whole,
    ...(conditions !== undefined && {
      conditions: conditions.map((condition) => ({ ...condition, ...cut(condition) })),
    }),
    ...(hooks !== undefined && {
      hooks: hooks.map((hook) => ({
        ...hook,
        ...cut(hook),
        ...(hook.output !== undefined && { output: cutText(hook.output, LONGEST_TEXT) }),
      })),
    }),
    // Read from its host run whenever it is needed.
    pointSearch: undefined,
  };
}

/** What stays of a target whose details are not listed. */
function stubOf({ ref, totalHosts, phase, reason }: TargetEntry, isNamed: boolean): TargetEntry {
  return {
    // A restore's member must have one.
    ...(ref !== undefined && { ref: isNamed ? ref : {} }),
    ...(totalHosts !== undefined && { totalHosts }),
    ...(phase !== undefined && { phase }),
    ...(reason !== undefined && { reason: cutText(reason, 64) }),
  };
}

/** The first of the pieces that fit, and those that no record takes. */
function fill(pieces: readonly Piece[], room: number): Set<string> {
  const listed = new Set<string>();
  let left = room;
  for (const { key, json, bytes } of pieces) {
    if (bytes + BYTES_BESIDE > left && json.length <= MAX_RECORDED_LENGTH) continue;
    listed.add(key);
    left -= bytes + BYTES_BESIDE;
  }
  return listed;
}

/** Snapshots have no places: the first of them are listed, without a gap. */
function firstSnapshots<Snapshot>(snapshots: readonly Snapshot[], listed: Set<string>): readonly Snapshot[] {
  const gap = snapshots.findIndex((_, position) => !listed.has(pieceKey.snapshot(position)));
  if (gap < 0) return snapshots;
  for (let position = gap; position < snapshots.length; position += 1) listed.delete(pieceKey.snapshot(position));
  return snapshots.slice(0, gap);
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes + BYTES_BESIDE, 0);
}

function countHosts(hosts: readonly HostEntry[]): Unlisted {
  const counts = new Map<HostState, number>();
  for (const host of hosts) counts.set(stateOf(host), (counts.get(stateOf(host)) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Those of a list that are listed, with their places where some are not. */
function listedOf<Item extends object>(items: readonly Item[], isListed: (position: number) => boolean) {
  const unlisted = items.filter((_, position) => !isListed(position));
  if (unlisted.length === 0) return { listed: items, unlisted };
  const listed = items.flatMap((item, position) => (isListed(position) ? [{ ...item, position }] : []));
  return { listed, unlisted };
}

function sumUpTarget(target: TargetEntry, at: number, listed: ReadonlySet<string>, stub: TargetEntry | undefined) {
  const hosts = listedOf(runHosts(target), (position) => listed.has(pieceKey.host(at, position)));
  const hooks = listedOf(target.hooks ?? [], (position) => listed.has(pieceKey.hook(at, position)));
  const unlisted: Unlisted = {
    ...countHosts(hosts.unlisted),
    ...(hooks.unlisted.length > 0 && { hooks: hooks.unlisted.length }),
    ...(stub !== undefined && { details: true }),
  };
  const isGone = (list: readonly unknown[], rest: readonly unknown[]) => list.length === 0 && rest.length > 0;
  return {
    ...(stub ?? headOf(target)),
    ...(target.stats !== undefined && !isGone(hosts.listed, hosts.unlisted) && { stats: hosts.listed }),
    ...(target.hooks !== undefined && !isGone(hooks.listed, hooks.unlisted) && { hooks: hooks.listed }),
    ...(Object.keys(unlisted).length > 0 && { unlisted }),
  };
}

/** Lists of pieces, each small enough for one object. */
function recordsOf(pieces: readonly Piece[], bytesOfOne: number): readonly (readonly RecordedPiece[])[] {
  const records: RecordedPiece[][] = [];
  let room = 0;
  for (const { key, json, bytes } of pieces) {
    if (bytes > room || records.length === 0) {
      records.push([]);
      room = bytesOfOne;
    }
    records.at(-1)?.push({ key, json });
    room -= bytes;
  }
  return records;
}

/**
 * The status as it is to be stored: the whole where it fits and nothing of it is kept elsewhere yet.
 *
 * | # | piece of the whole | then |
 * |---|---|---|
 * | 1 | there is room for all that the records lack | it is listed, and of the rest what is most important |
 * | 2 | there is none | what is most important is listed, the other pieces that the records lack go into new ones |
 *
 * @param recorded what the records of the stored status hold
 * @param room how much there is of it
 */
export function sumUp<Status extends RunStatus>(
  whole: Status,
  recorded: Recorded,
  room: StatusRoom = STATUS_ROOM,
): SummedUp<Status> {
  if (recorded.names.length === 0 && bytesOf(whole) <= room.status) return { status: whole, records: [] };
  const pieces = piecesOf(whole);
  const [fresh, kept] = partition(pieces, ({ key, json }) => recorded.parts.get(key)?.json !== json);
  const base = { ...baseOf(whole), records: recorded.names };
  const named = namedTargets(runTargets(whole), room.stubs - bytesOf(assemble(base, new Set(), new Set())));
  const fixed = bytesOf(assemble(base, new Set(), named));
  const isRoom = fixed + sizeOf(fresh) <= room.status;
  const least = isRoom ? sizeOf(fresh) : room.leastListed;
  const listed = fill(isRoom ? [...fresh, ...kept] : pieces, Math.max(room.listed - fixed, least));
  const status = assemble(base, listed, named);
  return {
    status,
    records: recordsOf(
      fresh.filter(({ key }) => !listed.has(key)),
      room.record,
    ),
  };
}

/** The status with those of its pieces that are listed; snapshots that would leave a gap are taken from the set. */
function assemble<Status extends RunStatus>(base: Status, listed: Set<string>, named: ReadonlySet<number>): Status {
  const targets = runTargets(base);
  const { recoveryPoint } = base;
  const snapshots = recoveryPoint?.snapshots ?? [];
  const shown = firstSnapshots(snapshots, listed);
  return {
    ...base,
    ...(base.targets !== undefined && {
      targets: targets.map((target, at) => {
        const isShort = targets.length > 1 && !listed.has(pieceKey.target(at));
        return sumUpTarget(target, at, listed, isShort ? stubOf(target, named.has(at)) : undefined);
      }),
    }),
    ...(shown.length < snapshots.length && {
      recoveryPoint: { ...recoveryPoint, snapshots: shown },
      unlistedSnapshots: snapshots.length - shown.length,
    }),
  };
}

/** Positions of targets that are named in any case, as far as there is room: those that failed first. */
function namedTargets(targets: readonly TargetEntry[], room: number): ReadonlySet<number> {
  const named = new Set<number>();
  let left = room;
  const order = [...targets.entries()].sort(
    ([, a], [, b]) => Number(b.phase === "Failed") - Number(a.phase === "Failed"),
  );
  for (const [at, { ref }] of order) {
    left -= bytesOf({ ref });
    if (left < 0) break;
    named.add(at);
  }
  return named;
}

function partition<Item>(items: readonly Item[], test: (item: Item) => boolean): readonly [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
