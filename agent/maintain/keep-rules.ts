/** Which of several things in time a policy keeps: restic's rules, in UTC. Pure. */
import type { KeptBy } from "../../shared/api/closed-lists.ts";
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";

export type KeepRules = Partial<RetentionPolicy>;

/** What can be kept or not. */
export interface Dated {
  readonly timeMs: number;
  readonly tags: readonly string[];
}

const DAY_MS = 24 * 3_600_000;

/** Year and week of ISO 8601: a week belongs to the year that has its Thursday. */
function isoWeek(timeMs: number): string {
  const day = new Date(timeMs).getUTCDay() || 7;
  const thursday = new Date(timeMs + (4 - day) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return `${year}-${Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7)}`;
}

function prefixOf(length: number) {
  return (timeMs: number): string => new Date(timeMs).toISOString().slice(0, -length);
}

const YEAR = prefixOf("-MM-DDTHH:mm:ss.sssZ".length);
const MONTH = prefixOf("-DDTHH:mm:ss.sssZ".length);
const DAY = prefixOf("THH:mm:ss.sssZ".length);
const HOUR = prefixOf(":mm:ss.sssZ".length);

interface Bucket {
  readonly rule: KeptBy;
  left: number;
  last: string | undefined;
  readonly of: (timeMs: number, index: number) => string;
}

function bucketsOf(rules: KeepRules): readonly Bucket[] {
  const all: readonly (readonly [KeptBy, number | undefined, Bucket["of"]])[] = [
    ["keepLast", rules.keepLast, (_timeMs, index) => String(index)],
    ["keepHourly", rules.keepHourly, HOUR],
    ["keepDaily", rules.keepDaily, DAY],
    ["keepWeekly", rules.keepWeekly, isoWeek],
    ["keepMonthly", rules.keepMonthly, MONTH],
    ["keepYearly", rules.keepYearly, YEAR],
  ];
  return all.flatMap(([rule, left, of]) =>
    left !== undefined && left > 0 ? [{ rule, left, last: undefined, of }] : [],
  );
}

/**
 * Whether the rules say how long the history is; those that don't remove nothing. `keepTags` alone says what stays for ever, and
 * nothing of what goes.
 */
export function hasRule(rules: KeepRules): boolean {
  return bucketsOf(rules).length > 0;
}

/** Whether `keepTags` keeps it. Of an entry with commas all tags must be there. */
export function isKeptByTag({ keepTags = [] }: KeepRules, { tags }: Pick<Dated, "tags">): boolean {
  return keepTags.some((entry) => entry.split(",").every((tag) => tags.includes(tag.trim())));
}

/**
 * The items that the rules keep, with those rules: the newest one of each hour, day and so on, as many as each rule says. Where a rule
 * has counts left the oldest item is kept too, so that the history becomes as long as it may.
 *
 * @param items newest first
 */
export function keptBy<Item extends Dated>(
  rules: KeepRules,
  items: readonly Item[],
): ReadonlyMap<Item, readonly KeptBy[]> {
  const buckets = bucketsOf(rules);
  const kept = new Map<Item, readonly KeptBy[]>();
  for (const [index, item] of items.entries()) {
    const reasons: KeptBy[] = [];
    for (const bucket of buckets) {
      const value = bucket.of(item.timeMs, index);
      if (bucket.left === 0 || (value === bucket.last && index < items.length - 1)) continue;
      bucket.left -= 1;
      bucket.last = value;
      reasons.push(bucket.rule);
    }
    if (isKeptByTag(rules, item)) reasons.push("keepTags");
    if (reasons.length > 0) kept.set(item, reasons);
  }
  return kept;
}

/** How many newer complete points there are before what is not complete may go. */
export function patience(rules: KeepRules): number {
  const { keepLast = 0, keepHourly = 0, keepDaily = 0, keepWeekly = 0, keepMonthly = 0, keepYearly = 0 } = rules;
  const longest = Math.max(keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly);
  return Math.max(1, keepLast > 0 ? keepLast : longest);
}
