/** The reconciler's informers as an injection plan asks them: the same questions that the webhook's answer. */
import { gatherInjectionView, type InjectionWorld } from "../../shared/injection/gather.ts";
import type { InjectionSettings, InjectionView } from "../../shared/injection/view.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import { backupInvokerView, restoreInvokerView } from "../../shared/invoker/object.ts";
import type { World } from "./informers.ts";

/** What is asked about one workload; a view that is asked for twice is computed twice. */
function injectionWorld(world: World): InjectionWorld {
  return {
    namespace: (name) => world.namespaces.get(undefined, name),
    repository: (namespace, name) => world.repositories.get(namespace, name),
    blueprint: (name) => world.blueprints.get(undefined, name),
    backupBatch: (namespace, name) => {
      const batch = world.batches.get(namespace, name);
      return batch && backupInvokerView(batch);
    },
    backupsNaming: (target) =>
      [...world.configurations.byIndex("target", target), ...world.batches.byIndex("target", target)].map(
        backupInvokerView,
      ),
    restoresNaming: (target) =>
      [...world.restoreSessions.byIndex("target", target), ...world.restoreBatches.byIndex("target", target)].map(
        (restore) => ({ invoker: restoreInvokerView(restore), phase: restore.status?.phase ?? "" }),
      ),
  };
}

export function gatherInjection(world: World, workload: WorkloadFacts, settings: InjectionSettings): InjectionView {
  return gatherInjectionView(injectionWorld(world), workload, settings);
}
