/** The world as the schedule controller asks for it. */
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import type { ScheduleWorld } from "../schedule/ports.ts";
import type { World } from "./informers.ts";
import { findInvokerObject } from "./invokers.ts";
import { openRestores, type Restore } from "./targets.ts";

export function scheduleWorld(world: World): ScheduleWorld {
  return {
    findInvoker: (id) => findInvokerObject(world, id),
    subscribeInvokers(handler) {
      const ends = [world.configurations.subscribe(handler), world.batches.subscribe(handler)];
      return () => {
        for (const end of ends) end();
      };
    },
    sessionsOf: ({ kind, namespace, name }) => world.sessions.byIndex("invoker", `${kind}/${namespace}/${name}`),
    findRestore(targets) {
      const [open] = openRestores(world, targets).values();
      return open === undefined ? undefined : `${open.kind} ${open.metadata.namespace}/${open.metadata.name}`;
    },
    subscribeRestores(onChange) {
      const handler = {
        add: onChange,
        update: (before: Restore, after: Restore) => {
          if (isFinalRestorePhase(before.status?.phase) !== isFinalRestorePhase(after.status?.phase)) onChange();
        },
        delete: onChange,
      };
      const ends = [world.restoreSessions.subscribe(handler), world.restoreBatches.subscribe(handler)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}
