/** All pages that show the cluster as it changes. A new one is a file and a row. */
import type { Envelope } from "../../../web/wire/envelope.ts";
import type { History, Wanted } from "../history/older-days.ts";
import type { World, WorldView } from "../world.ts";
import { findInvoker } from "./application-facts.ts";
import type { Asked, Query } from "./asked.ts";
import { decideApplication } from "./decide-application.ts";
import { decideCalendar } from "./decide-calendar.ts";
import { decideOverview } from "./decide-overview.ts";
import { decidePoints } from "./decide-points.ts";
import { decideRepositories } from "./decide-repositories.ts";

/** @param localMs by this machine's clock */
export type View = (query: Query, localMs: number) => Envelope<unknown>;
export type ViewTable = Readonly<Record<string, View>>;

const DECISIONS: Readonly<Record<string, (asked: Asked) => object>> = {
  overview: decideOverview,
  application: decideApplication,
  points: decidePoints,
  repositories: decideRepositories,
  calendar: decideCalendar,
};

/** What of older times a page shows. Of an application that whoever looks can't see nothing is asked. */
function wantedFor(name: string, query: Query, world: WorldView): Wanted | undefined {
  if (name === "overview" || name === "repositories") return { page: name };
  if (name !== "application") return undefined;
  const { kind, metadata } = findInvoker(world, query) ?? {};
  if (kind === undefined || metadata === undefined) return undefined;
  return { page: name, of: { kind, namespace: metadata.namespace, name: metadata.name } };
}

export interface ViewPorts {
  readonly world: Pick<World, "look">;
  /** Of a Prometheus, where one is asked. */
  readonly history?: Pick<History, "look"> | undefined;
  /** How far the cluster's clock is from this machine's: all that is told is told by the cluster's. */
  readonly skewMs?: () => number;
}

export function createViews({ world, history, skewMs = () => 0 }: ViewPorts): ViewTable {
  const views = Object.entries(DECISIONS).map(([name, decide]): readonly [string, View] => [
    name,
    (query, localMs) => {
      const nowMs = localMs + skewMs();
      const look = world.look(nowMs);
      const wanted = wantedFor(name, query, look);
      const told = wanted && history?.look(wanted, nowMs);
      return {
        now: new Date(nowMs).toISOString(),
        isLoading: look.isLoading,
        notices: [...look.notices, ...(told?.notices ?? [])],
        view: decide({ world: look, query, nowMs, told }),
      };
    },
  ]);
  return Object.fromEntries(views);
}
