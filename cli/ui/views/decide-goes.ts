/** When a recovery point goes, as far as the rules that keep it now tell. Pure. */
import { KeptBy } from "../../../shared/api/closed-lists.ts";
import type { RetentionPolicy } from "../../../shared/api/retention-policy.ts";

export interface KeptPoint {
  /** Why the last retention left it; undefined where none looked at it. */
  readonly keptBy: readonly string[] | undefined;
  /** Of its application as it is now; undefined where that is not known. */
  readonly policy: RetentionPolicy | undefined;
  /** Complete points of the same application that are newer. */
  readonly newerComplete: number;
}

/** A sentence; undefined where nothing is known. The first row that fits a point that several rules keep is the one that keeps it longest. */
export function formatGoes({ keptBy, policy, newerComplete }: KeptPoint): string | undefined {
  if (keptBy === undefined) return undefined;
  const isBy = (rule: string) => keptBy.includes(rule);
  if (keptBy.length === 0) return "the next retention removes it";
  if (isBy(KeptBy.KeepTags)) return "stays while it has its tag";
  if (keptBy.some((rule) => SPANS.has(rule))) {
    const spans = keptBy.flatMap((rule) => SPANS.get(rule) ?? []);
    return `goes when enough later ${spans.join(" and ")} have a point`;
  }
  if (isBy(KeptBy.KeepLast) && policy?.keepLast !== undefined && Number(policy.keepLast) > newerComplete) {
    const more = Number(policy.keepLast) - newerComplete;
    return `goes after ${more} more complete ${more === 1 ? "point" : "points"}`;
  }
  if (isBy(KeptBy.Newest)) return "stays while it is the newest complete one";
  if (isBy(KeptBy.Waiting)) return "is not complete, and goes when enough later ones are";
  return undefined;
}

const SPANS: ReadonlyMap<string, string> = new Map([
  [KeptBy.KeepHourly, "hours"],
  [KeptBy.KeepDaily, "days"],
  [KeptBy.KeepWeekly, "weeks"],
  [KeptBy.KeepMonthly, "months"],
  [KeptBy.KeepYearly, "years"],
]);
