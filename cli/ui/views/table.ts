/** All pages that show the cluster as it changes. A new one is a file and a row. */
import type { Envelope } from "../../../web/wire/envelope.ts";
import type { World } from "../world.ts";
import type { Asked, Query } from "./asked.ts";
import { decideApplication } from "./decide-application.ts";
import { decideCalendar } from "./decide-calendar.ts";
import { decideOverview } from "./decide-overview.ts";
import { decidePoints } from "./decide-points.ts";
import { decideRepositories } from "./decide-repositories.ts";

export type View = (query: Query, nowMs: number) => Envelope<unknown>;
export type ViewTable = Readonly<Record<string, View>>;

const DECISIONS: Readonly<Record<string, (asked: Asked) => object>> = {
  overview: decideOverview,
  application: decideApplication,
  points: decidePoints,
  repositories: decideRepositories,
  calendar: decideCalendar,
};

export function createViews(world: Pick<World, "look">): ViewTable {
  const views = Object.entries(DECISIONS).map(([name, decide]): readonly [string, View] => [
    name,
    (query, nowMs) => {
      const look = world.look(nowMs);
      return {
        now: new Date(nowMs).toISOString(),
        isLoading: look.isLoading,
        notices: look.notices,
        view: decide({ world: look, query, nowMs }),
      };
    },
  ]);
  return Object.fromEntries(views);
}
