/** Reads what an injection plan is computed from. Both the webhook and the reconciler bring a world of their own informers. */
import type { BackupBlueprint } from "../api/backup-blueprint.ts";
import type { Repository } from "../api/repository.ts";
import { Label } from "../contract.ts";
import type { BackupInvokerView, RepositoryName, RestoreInvokerView } from "../invoker/object.ts";
import { targetKey } from "../target/ref.ts";
import { findBlueprintSources } from "./blueprint-source.ts";
import type { LimitRange } from "./limit-range.ts";
import { settingsFor } from "./own-settings.ts";
import type { InjectionSettings, InjectionView, NamespaceFacts } from "./view.ts";
import type { WorkloadFacts } from "./workload.ts";

/** What is known of the cluster, from memory. Targets are found by `targetKey`. */
export interface InjectionWorld {
  namespace(name: string): NamespaceFacts | undefined;
  repository(namespace: string, name: string): Repository | undefined;
  blueprint(name: string): BackupBlueprint | undefined;
  backupBatch(namespace: string, name: string): BackupInvokerView | undefined;
  backupsNaming(target: string): readonly BackupInvokerView[];
  /** LimitRanges of a namespace; whoever builds no container need not know them. */
  limitRanges?(namespace: string): readonly LimitRange[];
  restoresNaming(target: string): readonly { readonly invoker: RestoreInvokerView; readonly phase: string }[];
}

/** Gathers the view of one workload; nothing is awaited. @param settings of the installation */
export function gatherInjectionView(
  world: InjectionWorld,
  workload: WorkloadFacts,
  settings: InjectionSettings,
): InjectionView {
  const key = targetKey(workload);
  const label = workload.labels[Label.BackupBatch];
  const labelled = label === undefined ? undefined : world.backupBatch(workload.namespace, label);
  const named = workload.name === "" ? [] : world.backupsNaming(key);
  const isAlsoNamed = labelled === undefined || named.some((invoker) => invoker.uid === labelled.uid);
  const backups = isAlsoNamed ? named : [...named, labelled];
  const naming = workload.name === "" ? [] : world.restoresNaming(key);
  const restores = naming.filter(({ invoker }) => !invoker.isDryRun);
  const repositoryOf = (name: RepositoryName | undefined) => name && world.repository(name.namespace, name.name);
  const namespace = world.namespace(workload.namespace) ?? { name: workload.namespace, labels: {}, annotations: {} };
  return {
    workload,
    namespace,
    backups: backups.map((invoker) => ({ invoker, repository: repositoryOf(invoker.repository) })),
    blueprints: findBlueprintSources(world, workload, named),
    restores: restores.map(({ invoker, phase }) => ({ invoker, phase, repository: repositoryOf(invoker.repository) })),
    settings: settingsFor(settings, { workload, namespace }),
    limitRanges: world.limitRanges?.(workload.namespace) ?? [],
  };
}
