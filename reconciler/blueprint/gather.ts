/** Reads a target with its blueprints, resolves these, and finds what is there of what they make. */
import { UserError } from "../../shared/errors.ts";
import { isOptedOut } from "../../shared/injection/opt-out.ts";
import {
  blueprintNames,
  blueprintResultName,
  resolveBlueprint,
  whyTooManyBlueprints,
} from "../../shared/invoker/blueprint.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { isWorkloadKind } from "../world/workload-object.ts";
import type { AutoBackupWorld } from "./informers.ts";
import type { AutoBackupTarget, AutoBackupView, BlueprintOutcome } from "./view.ts";

/** @param key targetKey() of a target that may be gone */
export function gatherAutoBackup(world: AutoBackupWorld, key: string): AutoBackupView {
  const target = findTarget(world, key);
  const names = target === undefined ? [] : blueprintNames(target.annotations);
  const outcomes =
    target === undefined ? [] : [...names.map((name) => resolve(world, target, name)), ...tooManyFor(target)];
  const results = outcomes.flatMap(({ made }) => ("problem" in made ? [] : [made]));
  const configurations = [
    ...world.configurations.byIndex("target", key),
    ...results.map(({ configuration: { metadata } }) => world.configurations.get(metadata.namespace, metadata.name)),
  ].filter((found) => found !== undefined);
  return {
    key,
    target,
    outcomes,
    configurations: [...new Map(configurations.map((one) => [one.metadata.name, one])).values()],
    repositories: results
      .map(({ repository: { metadata } }) => world.repositories.get(metadata.namespace, metadata.name))
      .filter((found) => found !== undefined),
  };
}

/** What stands for those that don't count. */
function tooManyFor(target: AutoBackupTarget): readonly BlueprintOutcome[] {
  const why = whyTooManyBlueprints(target.annotations);
  if (why === undefined) return [];
  return [{ blueprint: "", name: "", made: { problem: `${formatTarget(target)}: ${why.message}. ${why.next}` } }];
}

function resolve(world: AutoBackupWorld, target: AutoBackupTarget, blueprint: string): BlueprintOutcome {
  const name = blueprintResultName(target, blueprint);
  return { blueprint, name, made: resolveOrWhyNot(world, target, blueprint) };
}

function resolveOrWhyNot(world: AutoBackupWorld, target: AutoBackupTarget, name: string): BlueprintOutcome["made"] {
  const blueprint = world.blueprints.get(undefined, name);
  if (blueprint === undefined) {
    const why = world.blueprints.unreadable().get(name);
    const what = why === undefined ? "does not exist" : `can't be read: ${why}`;
    return { problem: `${formatTarget(target)} names BackupBlueprint ${name}, which ${what}` };
  }
  try {
    return resolveBlueprint(blueprint, target, world.namespaces.get(undefined, target.namespace)?.labels);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: `${error.message}. ${error.next}` };
  }
}

function findTarget(world: AutoBackupWorld, key: string): AutoBackupTarget | undefined {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  if (isWorkloadKind(kind)) {
    const workload = world.workloads[kind].get(namespace, name);
    if (workload === undefined) return undefined;
    const { facts, uid } = workload;
    const { apiVersion, annotations, isBeingDeleted } = facts;
    const of = world.namespaces.get(undefined, namespace) ?? { name: namespace, labels: {}, annotations: {} };
    const optedOut = isOptedOut({ workload: facts, namespace: of });
    return { apiVersion, kind, namespace, name, uid, annotations, isBeingDeleted, isOptedOut: optedOut };
  }
  if (kind !== "PersistentVolumeClaim" && kind !== "AppBinding") return undefined;
  const found = world.annotated[kind].get(namespace, name);
  return found && { ...found, isOptedOut: false };
}

/** Keys of the targets that name a blueprint. */
export function targetsNaming(world: AutoBackupWorld, isMeant: (annotations: Annotations) => boolean): string[] {
  const workloads = Object.values(world.workloads).flatMap((informer) => informer.list().map(({ facts }) => facts));
  const others = Object.values(world.annotated).flatMap((informer) => informer.list());
  return [...workloads, ...others].filter(({ annotations }) => isMeant(annotations)).map(targetKey);
}

type Annotations = Readonly<Record<string, string>>;
