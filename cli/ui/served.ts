/** What the pages are served from one cluster, with the rights of one person. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { About } from "../../web/wire/envelope.ts";
import type { Cluster } from "../cluster/interface.ts";
import { mayDo } from "../cluster/self-access.ts";
import type { Ask } from "./door.ts";
import { createHistory, type History } from "./history/older-days.ts";
import { createAsk, formatPlace, type Place } from "./history/source.ts";
import { createPlans } from "./plans.ts";
import { createActions, createQuestions } from "./questions.ts";
import { createViews, type ViewTable } from "./views/table.ts";
import { createWorld, type World } from "./world.ts";

export interface Served {
  /** Reads nothing before it is started. */
  readonly world: World;
  readonly views: ViewTable;
  readonly questions: Readonly<Record<string, Ask>>;
  readonly actions: Readonly<Record<string, Ask>>;
}

export interface ServedPorts {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly about: About;
  /** How far the cluster's clock is from this machine's. */
  readonly skewMs: () => number;
  /** Of a Prometheus, where one is asked. */
  readonly history?: HistoryPlace | undefined;
}

export interface HistoryPlace {
  readonly place: Place;
  readonly matcher: string | undefined;
}

/** Pages change with either, and both end together. */
function withHistory(world: World, history: History): World {
  return {
    ...world,
    stop: async () => {
      history.stop();
      await world.stop();
    },
    onChange(changed) {
      const ends = [world.onChange(changed), history.onChange(changed)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

const BELOW = "look at one namespace: its name goes into the field below";

export function createServed({ cluster, client, about: facts, skewMs, history: from }: ServedPorts): Served {
  const { allowsActions } = facts;
  const about: About = { ...facts, history: from && formatPlace(from.place) };
  const history =
    from &&
    createHistory({
      ask: createAsk(from.place, client),
      place: formatPlace(from.place),
      scope: cluster.scope,
      matcher: from.matcher,
    });
  const world = createWorld({ client, scope: cluster.scope, narrower: about.inCluster && BELOW, skewMs });
  const plans = createPlans({
    cluster,
    allowsActions,
    mayRestore: (namespace) => mayDo(client, { verb: "create", resource: KINDS.RestoreBatch, namespace }),
    now: Date.now,
  });
  return {
    world: history === undefined ? world : withHistory(world, history),
    views: createViews({ world, history, skewMs }),
    questions: { about: async () => about, ...createQuestions({ cluster, client, plans }) },
    actions: createActions({ cluster, client, plans }),
  };
}
