/** All applications, worst first, with what became of their last days. Pure. */

import type { OverviewView } from "../../../web/wire/application.ts";
import { pageOf } from "../../../web/wire/page-of.ts";
import { OVERVIEW_DAYS } from "../history/questions.ts";
import { createDays, knownApplications } from "./application-facts.ts";
import type { Asked } from "./asked.ts";

export function decideOverview({ world, query, nowMs, told: older }: Asked): OverviewView {
  const all = knownApplications(world, nowMs);
  const counts = new Map<string, number>();
  for (const { told } of all) counts.set(told.state, (counts.get(told.state) ?? 0) + 1);
  const words = (query["find"] ?? "").toLowerCase();
  const found = all.filter(({ told }) => `${told.namespace}/${told.name}`.toLowerCase().includes(words));
  const { rows, ...page } = pageOf(found, query["page"]);
  const daysOf = createDays(world, { zone: query["zone"], nowMs, count: OVERVIEW_DAYS, told: older?.days });
  return {
    ...page,
    counts: [...counts].map(([state, count]) => ({ state, count })),
    rows: rows.map(({ told, invoker }) => ({ ...told, days: daysOf(invoker) })),
  };
}
