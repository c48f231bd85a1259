/**
 * Retention of one invoker, as a plan. What counts are its complete recovery points; only its own snapshots are touched. Pure.
 *
 * | # | snapshot | goes when |
 * |---|---|---|
 * | 1 | of another invoker or cluster, or of the form of tags that names no cluster | never |
 * | 2 | of the session that runs, or with a tag of `keepTags` | never |
 * | 3 | of a point of a time that is still to come, or a day after the session that runs: a clock was ahead | never, and it counts for nothing |
 * | 4 | of a complete point | the rules, which see complete points alone, don't keep the point |
 * | 5 | of a point that is not complete | as many newer complete points stay as `keepLast`, or the longest rule, says |
 * | 6 | without any tag, of a host and path of the invoker: upstream made it | the rules, which see it beside the complete points, don't keep it |
 * | 7 | likewise, but younger than one of the invoker's own | never: somebody else makes them |
 */
import type { KeptBy } from "../../shared/api/closed-lists.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import { bySession } from "../../shared/snapshots/of-session.ts";
import { isCompletePoint } from "../../shared/snapshots/point-parts.ts";
import { pointKey, timeOf } from "../../shared/snapshots/recovery-points.ts";
import { CLOCKS_DIFFER_MS } from "../../shared/timestamps.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { type Dated, hasRule, isKeptByTag, type KeepRules, keptBy, patience } from "./keep-rules.ts";

/** Whose snapshots a policy may touch. */
export interface RetentionScope {
  /** `invoker=` tag of the invoker with its cluster; undefined while the cluster is not known: then nothing is removed. */
  readonly invokerTag: string | undefined;
  /** `session=` tag of the session that asks. */
  readonly sessionTag: string | undefined;
  /** Sessions, as their tag names them, that are known to have saved a part only, whatever their tags say. */
  readonly incomplete?: readonly string[];
  /** Current time; of later points nobody knows when they were taken. */
  readonly now?: Date;
  /** Hosts and paths whose snapshots without any tag are the invoker's too. */
  readonly untagged: readonly { readonly host: string; readonly path: string }[];
}

export interface RetentionPlan {
  readonly kept: number;
  readonly remove: readonly string[];
  /** Complete points that stay. */
  readonly points: number;
  /** Why a point stays, by its key; nothing of one that goes. */
  readonly keptBy: ReadonlyMap<string, readonly KeptBy[]>;
}

interface Point extends Dated {
  readonly key: string;
  readonly session: string;
  readonly snapshots: readonly Snapshot[];
  readonly isComplete: boolean;
}

function placeKey(host: string, path: string): string {
  return JSON.stringify([host, path]);
}

function keyOf({ hostname, paths }: Snapshot): string {
  return placeKey(hostname, paths.length === 1 ? (paths[0] ?? "") : "");
}

/** Whether the policy may have a say in what becomes of a snapshot. */
export function createIsOwn(scope: RetentionScope): (snapshot: Snapshot) => boolean {
  const { invokerTag } = scope;
  const places = new Set(scope.untagged.map(({ host, path }) => placeKey(host, path)));
  return (snapshot) => {
    if (invokerTag === undefined) return false;
    if (snapshot.tags.length === 0) return snapshot.paths.length === 1 && places.has(keyOf(snapshot));
    return snapshot.tags.includes(invokerTag);
  };
}

function byAge(a: Dated & { readonly key: string }, b: Dated & { readonly key: string }): number {
  return b.timeMs - a.timeMs || (a.key < b.key ? 1 : -1);
}

/** Newest first. */
function pointsOf(own: readonly Snapshot[], known: readonly string[] = []): readonly Point[] {
  const incomplete = new Set(known);
  const points = bySession(own).map(({ session, snapshots }) => {
    const time = timeOf(session.slice(session.indexOf("/") + 1), snapshots);
    return {
      key: pointKey(session, time),
      session,
      snapshots,
      timeMs: Date.parse(time),
      tags: [...new Set(snapshots.flatMap(({ tags }) => tags))],
      isComplete: isCompletePoint(snapshots) && !incomplete.has(session),
    };
  });
  return points.sort(byAge);
}

/** A slot that was missed is made up for after sessions that were due later. */
const OVERTAKEN_MS = 24 * 3_600_000;

/** Up to when a point can have been taken: not long after the session that asks, which is the newest, whatever the clock of this node. */
function horizonMs(points: readonly Point[], { now, sessionTag }: RetentionScope): number {
  const own = points.find(({ session }) => `${SnapshotTag.Session}${session}` === sessionTag);
  const nowMs = now === undefined ? Number.POSITIVE_INFINITY : now.getTime() + CLOCKS_DIFFER_MS;
  return Math.min((own?.timeMs ?? Number.POSITIVE_INFINITY) + OVERTAKEN_MS, nowMs);
}

interface JudgedPoint {
  readonly point: Point;
  readonly isRemoved: boolean;
  readonly keptBy: readonly KeptBy[];
}

/** What becomes of each point as a whole. The newest complete one stays, whatever the rules are. */
function judgePoints(
  points: readonly Point[],
  rules: KeepRules,
  sessionTag: string | undefined,
): readonly JudgedPoint[] {
  const complete = points.filter(({ isComplete }) => isComplete);
  const [newest] = complete;
  const byRules = keptBy(rules, complete);
  const wanted = patience(rules);
  let newer = 0;
  return points.map((point) => {
    const isDone = newer >= wanted;
    const rulesOf = byRules.get(point) ?? (point === newest ? (["newest"] as const) : []);
    if (rulesOf.length > 0) newer += 1;
    const reasons = point.isComplete || isDone ? rulesOf : (["waiting"] as const);
    const isOfSession = `${SnapshotTag.Session}${point.session}` === sessionTag;
    return { point, keptBy: reasons, isRemoved: reasons.length === 0 && !isOfSession };
  });
}

/** Of a point that goes what carries a tag of `keepTags` stays, and is listed with that reason. */
function reasonsOf({ point, keptBy: reasons }: JudgedPoint, rules: KeepRules): readonly KeptBy[] {
  const isTagged = !reasons.includes("keepTags") && point.snapshots.some((snapshot) => isKeptByTag(rules, snapshot));
  return isTagged ? [...reasons, "keepTags"] : reasons;
}

/** Snapshots without tags that go, of one host and path. */
function untaggedToRemove(
  untagged: readonly Snapshot[],
  points: readonly Point[],
  rules: KeepRules,
): readonly Snapshot[] {
  const [first] = untagged;
  if (first === undefined) return [];
  const beside = points.filter(({ snapshots }) => snapshots.some((snapshot) => keyOf(snapshot) === keyOf(first)));
  const begin = beside.reduce(
    (oldest, { snapshots }) => snapshots.reduce((ms, { time }) => Math.min(ms, Date.parse(time)), oldest),
    Number.POSITIVE_INFINITY,
  );
  if (untagged.some(({ time }) => Date.parse(time) >= begin)) return [];
  const items = untagged.map((snapshot) => ({
    snapshot,
    key: snapshot.id,
    timeMs: Date.parse(snapshot.time),
    tags: snapshot.tags,
  }));
  const complete = beside
    .filter(({ isComplete }) => isComplete)
    .map(({ key, timeMs, tags }) => ({ key, timeMs, tags, snapshot: undefined }));
  const kept = keptBy(rules, [...items, ...complete].sort(byAge));
  return items.filter((item) => !kept.has(item)).map(({ snapshot }) => snapshot);
}

/**
 * What the policy removes and keeps.
 *
 * @param snapshots of the repository, in any order; those that are not the invoker's are left alone
 * @param rules without one that counts, as hasRule() says, nothing is removed
 */
export function planRetention(snapshots: readonly Snapshot[], rules: KeepRules, scope: RetentionScope): RetentionPlan {
  const own = snapshots.filter(createIsOwn(scope));
  const points = pointsOf(
    own.filter(({ tags }) => tags.length > 0),
    scope.incomplete,
  );
  const lastMs = horizonMs(points, scope);
  const ahead = points.filter(({ timeMs }) => timeMs > lastMs);
  const dated = points.filter(({ timeMs }) => !(timeMs > lastMs));
  if (!hasRule(rules)) {
    const complete = points.filter(({ isComplete }) => isComplete);
    return { kept: own.length, remove: [], points: complete.length, keptBy: new Map() };
  }
  const judged = [
    ...ahead.map((point): JudgedPoint => ({ point, keptBy: ["waiting"], isRemoved: false })),
    ...judgePoints(dated, rules, scope.sessionTag),
  ];
  const removed = judged.filter(({ isRemoved }) => isRemoved).map(({ point }) => point);
  const untagged = Map.groupBy(
    own.filter(({ tags }) => tags.length === 0),
    keyOf,
  );
  // Oldest first: what is cut short leaves no gap among the newer ones.
  const remove = [
    ...[...untagged.values()].flatMap((group) => untaggedToRemove(group, dated, rules)),
    ...removed.toReversed().flatMap((point) => point.snapshots.filter((snapshot) => !isKeptByTag(rules, snapshot))),
  ].map(({ id }) => id);
  return {
    kept: own.length - remove.length,
    remove,
    points: judged.filter(({ point, isRemoved }) => point.isComplete && !isRemoved).length,
    keptBy: new Map(
      judged.flatMap((one) => {
        const reasons = reasonsOf(one, rules);
        return one.isRemoved && reasons.length === 0 ? [] : [[one.point.key, reasons] as const];
      }),
    ),
  };
}
