/** Which recovery point a restore takes, as far as the objects of the cluster know. Pure. */
import { UserError } from "../../shared/errors.ts";
import { nearestNames } from "../cluster/nearest-names.ts";
import type { Point } from "../points/decide.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { parseMoment } from "./parse-moment.ts";

export type PointWish =
  | { readonly kind: "latest" }
  | { readonly kind: "at"; readonly atMs: number }
  | { readonly kind: "session"; readonly session: string };

/** @throws UsageError when more than one is wished for, or a time can't be read */
export function readWish(flags: FlagValues, nowMs: number): PointWish {
  const [at, session, point] = [flags.text("at"), flags.text("session"), flags.text("point")];
  if ([at, session, point].filter((one) => one !== undefined).length > 1) {
    throw new UsageError("--at, --session and --point exclude each other");
  }
  if (at !== undefined) return { kind: "at", atMs: parseMoment(at, nowMs) };
  if (session !== undefined) return { kind: "session", session };
  return point === undefined || point === "latest" ? { kind: "latest" } : { kind: "session", session: point };
}

export interface PointChoice {
  /** What goes into the spec. */
  readonly spec: { readonly session: string } | { readonly asOf: string };
  /** The point that this is, as far as anybody here knows. */
  readonly point: Point | undefined;
  /** Where none that is known has all members: the newest one, and what it lacks. */
  readonly nearest?: { readonly session: string; readonly lacks: readonly string[] };
}

export interface KnownPoints {
  /** Of the batch, newest first. */
  readonly points: readonly Point[];
  readonly namespace: string;
  /** Aliases of the members that are restored. */
  readonly members: readonly string[];
  readonly nowMs: number;
}

/**
 * Chooses.
 *
 * @throws UserError RECOVERY_POINT_INCOMPLETE when the session that is named is known not to hold all members
 */
export function choosePoint(wish: PointWish, known: KnownPoints): PointChoice {
  const whole = known.points.filter((point) => lackedMembers(point, known.members).length === 0);
  const [newest] = whole.length > 0 ? [] : known.points;
  const nearest = newest && { session: newest.session, lacks: lackedMembers(newest, known.members) };
  switch (wish.kind) {
    case "latest": {
      const [point] = whole;
      // The repository may know of points that no object tells of.
      return point === undefined ? asOf(known.nowMs, undefined, nearest) : { spec: { session: point.session }, point };
    }
    case "at":
      return asOf(
        wish.atMs,
        whole.find(({ time }) => Date.parse(time) <= wish.atMs),
        nearest,
      );
    case "session":
      return named(wish.session, known, whole);
    default: {
      const impossible: never = wish;
      return impossible;
    }
  }
}

function asOf(atMs: number, point: Point | undefined, nearest: PointChoice["nearest"]): PointChoice {
  const spec = { asOf: new Date(atMs).toISOString().replace(/\.\d+/, "") };
  return { spec, point, ...(nearest !== undefined && { nearest }) };
}

function named(session: string, { points, namespace, members }: KnownPoints, whole: readonly Point[]): PointChoice {
  const name = session.startsWith(`${namespace}/`) ? session.slice(namespace.length + 1) : session;
  const point = points.find((one) => one.session === name);
  const lacked = point === undefined ? [] : lackedMembers(point, members);
  if (lacked.length === 0) return { spec: { session }, point };
  const others = whole.slice(0, 3).map((one) => one.session);
  const saved = members.filter((member) => !lacked.includes(member));
  const next = [
    ...(others.length > 0 ? [`take ${others.join(" or ")}`] : []),
    ...(saved.length > 0 ? [`restore what it holds: ${saved.map((one) => `--member ${one}`).join(" ")}`] : []),
  ];
  throw new UserError("RECOVERY_POINT_INCOMPLETE", `session ${session} did not save ${lacked.join(", ")}`, {
    ...(next.length > 0 && { next: next.join("; or ") }),
  });
}

/** Members that a point has no data of, as far as it tells. */
function lackedMembers({ members, isComplete }: Point, wanted: readonly string[]): readonly string[] {
  if (members === undefined) return isComplete ? [] : wanted;
  return wanted.filter((name) => !members.some((member) => member.name === name && member.isSaved));
}

/** Members whose aliases are named; all without names. @throws UsageError for one that there is not */
export function chooseMembers<Member extends { readonly name: string }>(
  members: readonly Member[],
  names: readonly string[],
): readonly Member[] {
  const known = members.map(({ name }) => name);
  const wanted = names.flatMap((name) => name.split(",")).filter(Boolean);
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const near = nearestNames(name, known);
    const next = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `there are ${known.join(", ")}`;
    throw new UsageError(`the batch has no member ${name}`, next);
  }
  return wanted.length === 0 ? members : members.filter(({ name }) => wanted.includes(name));
}
