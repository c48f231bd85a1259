/** The reconciler's informers as the schedule asks them. */
import { formatInvoker } from "../../shared/invoker.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { formatInvokerKey } from "../invoker-key.ts";
import { findInvokerObject } from "../world/invokers.ts";
import { openRestores, type Restore } from "../world/targets.ts";
import type { World } from "../world/world.ts";
import type { ScheduleWorld } from "./ports.ts";

export function createScheduleWorld(world: World): ScheduleWorld {
  return {
    findInvoker: (id) => findInvokerObject(world, id),
    subscribeInvokers(handler) {
      const ends = [world.configurations.subscribe(handler), world.batches.subscribe(handler)];
      return () => {
        for (const end of ends) end();
      };
    },
    sessionsOf: (id) => world.sessions.byIndex("invoker", formatInvokerKey(id)),
    findRestore(targets) {
      const [restore] = openRestores(world, targets).values();
      return restore && formatInvoker({ kind: restore.kind, ...restore.metadata });
    },
    subscribeRestores(onChange) {
      const handler = {
        add: onChange,
        update: (before: Restore, after: Restore): void => {
          if (isOpen(before) !== isOpen(after)) onChange();
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

function isOpen({ metadata, status }: Restore): boolean {
  return metadata.deletionTimestamp === undefined && !isFinalRestorePhase(status?.phase);
}
