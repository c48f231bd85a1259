/** The backup that a workload's blueprint annotation asks for, before the reconciler has made its objects. */
import type { BackupBlueprint } from "../api/backup-blueprint.ts";
import type { Repository } from "../api/repository.ts";
import { Annotation } from "../contract.ts";
import { messageOf, UserError } from "../errors.ts";
import { blueprintNames, blueprintResultName, resolveBlueprint, whyTooManyBlueprints } from "../invoker/blueprint.ts";
import { type BackupInvokerView, backupInvokerView } from "../invoker/object.ts";
import { formatTarget } from "../target/ref.ts";
import type { BlueprintSource, NamespaceFacts } from "./view.ts";
import type { WorkloadFacts } from "./workload.ts";

interface BlueprintWorld {
  namespace(name: string): NamespaceFacts | undefined;
  blueprint(name: string): BackupBlueprint | undefined;
  repository(namespace: string, name: string): Repository | undefined;
}

/**
 * One entry a blueprint that the annotation names, without those whose BackupConfiguration exists.
 *
 * @param existing invokers that name the workload
 */
export function findBlueprintSources(
  world: BlueprintWorld,
  workload: WorkloadFacts,
  existing: readonly BackupInvokerView[],
): readonly BlueprintSource[] {
  if (workload.annotations[Annotation.BackupBlueprint] === undefined) return [];
  const tooMany = whyTooManyBlueprints(workload.annotations);
  const sources = blueprintNames(workload.annotations).flatMap((name): readonly BlueprintSource[] => {
    const blueprint = world.blueprint(name);
    if (blueprint === undefined) return [missing(workload, name)];
    const made = blueprintResultName(workload, name);
    // One on its way out is made anew: its sidecar stays meanwhile.
    if (existing.some((invoker) => invoker.name === made && !invoker.isBeingDeleted)) return [];
    return [resolve(world, workload, blueprint)];
  });
  return tooMany === undefined ? sources : [...sources, unusable(workload, tooMany)];
}

function resolve(world: BlueprintWorld, workload: WorkloadFacts, blueprint: BackupBlueprint): BlueprintSource {
  try {
    const made = resolveBlueprint(blueprint, workload, world.namespace(workload.namespace)?.labels);
    const { namespace, name } = made.repository.metadata;
    const invoker = backupInvokerView(made.configuration);
    return { source: { invoker, repository: world.repository(namespace, name) ?? made.repository } };
  } catch (thrown) {
    return unusable(workload, thrown);
  }
}

function unusable(workload: WorkloadFacts, why: unknown): BlueprintSource {
  const next = why instanceof UserError ? why.next : "Correct the blueprint or the annotations.";
  const isForbidden = why instanceof UserError && why.code === "NOT_ALLOWED";
  const reason = isForbidden ? "BlueprintNotAllowed" : "BlueprintInvalid";
  return { problem: { reason, message: `${formatTarget(workload)}: ${messageOf(why)}`, next } };
}

function missing(workload: WorkloadFacts, name: string): BlueprintSource {
  return {
    problem: {
      reason: "BlueprintMissing",
      message: `annotation of ${formatTarget(workload)} names BackupBlueprint ${name}, which does not exist`,
      next: "Create it or correct the annotation; the container follows by itself.",
    },
  };
}
