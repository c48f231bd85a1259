/** What the pages are served from one cluster, with the rights of one person. */

import { KINDS } from "../../shared/api/kinds.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { About } from "../../web/wire/envelope.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { mayDo } from "../cluster/self-access.ts";
import type { Ask } from "./door.ts";
import { createPlans } from "./plans.ts";
import { createActions, createQuestions } from "./questions.ts";
import { createViews, type ViewTable } from "./views/view-table.ts";
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
}

const BELOW = "look at one namespace: its name goes into the field below";

export function createServed({ cluster, client, about }: ServedPorts): Served {
  const { allowsActions } = about;
  const world = createWorld({ client, scope: cluster.scope, narrower: about.inCluster && BELOW });
  const plans = createPlans({
    cluster,
    allowsActions,
    mayRestore: (namespace) => mayDo(client, { verb: "create", resource: KINDS.RestoreBatch, namespace }),
    now: Date.now,
  });
  return {
    world,
    views: createViews(world),
    questions: { about: async () => about, ...createQuestions({ cluster, client, plans }) },
    actions: createActions({ cluster, client, plans }),
  };
}
