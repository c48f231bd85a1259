/** What a retention may never do, told of a state that was played: by a second account of what is kept, not by the planner's. */
import type { KeepRules } from "../../../agent/maintain/keep-rules.ts";
import type { PlayedState, SavedPoint } from "./saved-repository.ts";

function newestFirst(points: readonly SavedPoint[]): readonly SavedPoint[] {
  return [...points].sort((a, b) => b.timeMs - a.timeMs || (a.session < b.session ? 1 : -1));
}

/** The newest point of each of the newest so many days. */
function newestOfDays(points: readonly SavedPoint[], days: number): readonly SavedPoint[] {
  const byDay = new Map<number, SavedPoint>();
  for (const point of points) {
    const day = Math.floor(point.timeMs / 86_400_000);
    if (!byDay.has(day)) byDay.set(day, point);
  }
  return [...byDay.values()].slice(0, days);
}

/** Complete points that must be whole whatever happened before. */
export function owedPoints({ points }: PlayedState, rules: KeepRules): readonly SavedPoint[] {
  const complete = newestFirst(points).filter(({ isComplete }) => isComplete);
  return [
    ...new Set([
      ...complete.slice(0, Math.max(1, rules.keepLast ?? 0)),
      ...newestOfDays(complete, rules.keepDaily ?? 0),
    ]),
  ];
}

/** How many of the points that are owed lack a snapshot. */
export function brokenPoints(state: PlayedState, rules: KeepRules): number {
  return owedPoints(state, rules).filter(({ ids }) => ids.some((id) => !state.present.has(id))).length;
}

/** How many snapshots of others are gone. */
export function lostForeign({ foreign, present }: PlayedState): number {
  return foreign.filter((id) => !present.has(id)).length;
}

/** How many snapshots stayed that had to go: under `keepLast` alone that is exactly known. */
export function leftBehind(state: PlayedState, rules: KeepRules): number {
  const { points, present, isWhole, last } = state;
  const { keepLast = 0, ...others } = rules;
  if (!isWhole || keepLast === 0 || Object.values(others).some((count) => count !== 0)) return 0;
  const sorted = newestFirst(points);
  return sorted
    .filter((point, at) => {
      const newer = sorted.slice(0, at).filter(({ isComplete }) => isComplete).length;
      return newer >= keepLast && point.session !== last;
    })
    .flatMap(({ ids }) => ids)
    .filter((id) => present.has(id)).length;
}
