/**
 * What a BackupBlueprint makes of a workload, claim or AppBinding: a Repository and a BackupConfiguration with names that
 * follow from the target's, so that the webhook can inject before the reconciler has made them.
 */
import { type BackupBlueprint, parseBackupBlueprint } from "../api/backup-blueprint.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "../api/backup-configuration.ts";
import { KINDS } from "../api/kinds.ts";
import { parseRepository, type Repository, type UsagePolicy } from "../api/repository.ts";
import type { TaskRef } from "../api/task-ref.ts";
import { Annotation } from "../contract.ts";
import { UserError } from "../errors.ts";
import { shortKind, validNameWithPrefix } from "../names.ts";
import { mayUseBlueprint, NAMESPACE_NAME_LABEL } from "../repository/usage-policy.ts";
import { appType } from "../target/app-binding.ts";
import { isSidecarKind } from "../target/ref.ts";
import { isReservedVariable } from "../validation/reserved-variables.ts";
import { parseVolumeMount, readListAnnotation, splitList } from "./labelled-member.ts";
import { substituteObject, type Variables } from "./substitution.ts";

export interface BlueprintTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of an AppBinding: its `spec.type` and `spec.version`. */
  readonly app?: { readonly type: string; readonly version: string } | undefined;
}

export interface BlueprintResult {
  readonly repository: Repository;
  readonly configuration: BackupConfiguration;
}

/** More than anybody gives one target. Each is resolved, and told of, by itself. */
const MAX_BLUEPRINTS = 16;

/** Blueprints that a target's annotation names, in its order; those that count. */
export function blueprintNames(annotations: Readonly<Record<string, string>>): readonly string[] {
  return namesIn(annotations).slice(0, MAX_BLUEPRINTS);
}

function namesIn(annotations: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set(splitList(annotations[Annotation.BackupBlueprint]))];
}

/** Why some that the annotation names don't count; undefined where all do. */
export function whyTooManyBlueprints(annotations: Readonly<Record<string, string>>): UserError | undefined {
  const { length } = namesIn(annotations);
  if (length <= MAX_BLUEPRINTS) return undefined;
  const what = `annotation ${Annotation.BackupBlueprint} names ${length} blueprints, of which the first ${MAX_BLUEPRINTS} count`;
  return new UserError("INVALID_OBJECT", what, { next: `Name at most ${MAX_BLUEPRINTS}.` });
}

/**
 * Name of what a blueprint makes. The first blueprint of a target uses upstream's formula; each further one, for which
 * upstream has none, adds its own name.
 */
export function blueprintResultName(target: BlueprintTarget, blueprint: string): string {
  const [first] = blueprintNames(target.annotations);
  return validNameWithPrefix(`${shortKind(target.kind)}-${target.name}`, first === blueprint ? "" : blueprint);
}

/**
 * Resolves a blueprint for a target.
 *
 * @param namespaceLabels of the target's namespace
 * @throws UserError NOT_ALLOWED when the blueprint is not for the target's namespace; INVALID_OBJECT when an annotation is missing or can't be read, or the blueprint keeps its
 *   BackupConfigurations in another namespace, from where neither sidecar nor job can be served; VARIABLE_MISSING
 */
export function resolveBlueprint(
  blueprint: BackupBlueprint,
  target: BlueprintTarget,
  namespaceLabels: Readonly<Record<string, string>> = {},
): BlueprintResult {
  const { annotations, namespace } = target;
  const { spec } = substituteBlueprint(blueprint, target);
  requireAllowed(blueprint, { namespace, namespaceLabels, repositoryNamespace: spec.repoNamespace || namespace });
  const { paths, volumeMounts } = readPlaces(target);
  const { backend, wipeOut, usagePolicy, repoNamespace, backupNamespace, task: blueprintTask, ...given } = spec;
  const { allowedNamespaces: _, ...rest } = given;
  if ((backupNamespace || namespace) !== namespace) {
    throw new UserError("INVALID_OBJECT", `BackupBlueprint ${blueprint.metadata.name} has a backupNamespace`, {
      next: "Leave spec.backupNamespace empty: sidecars and jobs work in the namespace of their target.",
    });
  }
  const name = blueprintResultName(target, blueprint.metadata.name);
  const repository = repositoryPlace(name, namespace, repoNamespace || namespace);
  const schedule = annotations[Annotation.Schedule] || rest.schedule;
  const task = withParams(blueprintTask, annotations);
  const ref = { apiVersion: target.apiVersion, kind: target.kind, name: target.name, namespace };
  return {
    repository: parseRepository({
      ...identity(KINDS.Repository),
      metadata: repository,
      spec: {
        ...(backend !== undefined && { backend }),
        ...(wipeOut !== undefined && { wipeOut }),
        ...policyFor(usagePolicy, repository.namespace, namespace),
      },
    }),
    configuration: parseBackupConfiguration({
      ...identity(KINDS.BackupConfiguration),
      metadata: { name, namespace },
      spec: {
        ...rest,
        ...(schedule !== undefined && { schedule }),
        ...(task !== undefined && { task }),
        repository,
        target: {
          ref,
          ...(paths.length > 0 && { paths }),
          ...(volumeMounts.length > 0 && { volumeMounts }),
        },
      },
    }),
  };
}

/** Whoever names the blueprint gets its Secret. What it says about that holds as it is written: no variable stands in for a namespace. */
function requireAllowed(
  { metadata, spec }: BackupBlueprint,
  at: {
    readonly namespace: string;
    readonly namespaceLabels: Readonly<Record<string, string>>;
    readonly repositoryNamespace: string;
  },
): void {
  if (mayUseBlueprint({ allowedNamespaces: spec.allowedNamespaces, ...at })) return;
  throw new UserError("NOT_ALLOWED", `BackupBlueprint ${metadata.name} is not for namespace ${at.namespace}`, {
    next: "Allow the namespace in the blueprint's spec.allowedNamespaces, or name another blueprint.",
  });
}

/** What is backed up, and where it is mounted. A workload must say both; the data of a claim has a place by itself. */
function readPlaces({ kind, annotations }: BlueprintTarget) {
  if (kind === "AppBinding") return { paths: [], volumeMounts: [] };
  const paths = readListAnnotation(annotations, Annotation.TargetPaths);
  const volumeMounts = readListAnnotation(annotations, Annotation.VolumeMounts).map(parseVolumeMount);
  const missing = [
    ...(paths.length === 0 ? [Annotation.TargetPaths] : []),
    ...(volumeMounts.length === 0 ? [Annotation.VolumeMounts] : []),
  ];
  if (!isSidecarKind(kind) || missing.length === 0) return { paths, volumeMounts };
  throw new UserError(
    "INVALID_OBJECT",
    `annotation ${Annotation.BackupBlueprint} also needs ${missing.join(" and ")}`,
    {
      next: "Set the paths to back up, and the volumes that hold them as volume:mountPath.",
    },
  );
}

/** Repositories of many namespaces may be kept in one, so there the name begins with the target's namespace. */
function repositoryPlace(name: string, targetNamespace: string, namespace: string) {
  return { name: namespace === targetNamespace ? name : validNameWithPrefix(targetNamespace, name), namespace };
}

/** A Repository that is kept elsewhere serves its target's namespace alone, unless the blueprint says who may use it. */
function policyFor(own: UsagePolicy | undefined, namespace: string, targetNamespace: string) {
  if (own !== undefined) return { usagePolicy: own };
  if (namespace === targetNamespace) return {};
  const selector = { matchLabels: { [NAMESPACE_NAME_LABEL]: targetNamespace } };
  return { usagePolicy: { allowedNamespaces: { from: "Selector", selector } } };
}

/** Parameters of the annotations win by name over those of the blueprint. */
function withParams(task: TaskRef | undefined, annotations: BlueprintTarget["annotations"]): TaskRef | undefined {
  const given = Object.entries(annotations)
    .filter(([key]) => key.startsWith(Annotation.ParamsPrefix) && key.length > Annotation.ParamsPrefix.length)
    .map(([key, value]) => ({ name: key.slice(Annotation.ParamsPrefix.length), value }));
  const reserved = given.find(({ name }) => isReservedVariable(name));
  if (reserved !== undefined) {
    throw new UserError(
      "VARIABLE_RESERVED",
      `annotation ${Annotation.ParamsPrefix}${reserved.name}: it is set by stash-batch itself`,
    );
  }
  if (given.length === 0) return task;
  const kept = (task?.params ?? []).filter(({ name }) => given.every((param) => param.name !== name));
  return { ...task, params: [...kept, ...given] };
}

function identity({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }) {
  return { apiVersion, kind };
}

function substituteBlueprint(blueprint: BackupBlueprint, target: BlueprintTarget): BackupBlueprint {
  const variables: Variables = {
    TARGET_API_VERSION: target.apiVersion,
    TARGET_KIND: target.kind.toLowerCase(),
    TARGET_NAME: target.name,
    TARGET_NAMESPACE: target.namespace,
    ...(isSidecarKind(target.kind) && { TARGET_RESOURCE: `${target.kind.toLowerCase()}s` }),
    ...(target.app !== undefined && appVariables(target.app)),
  };
  const spec = substituteObject(blueprint.spec, variables, `BackupBlueprint ${blueprint.metadata.name}: spec`);
  return parseBackupBlueprint({ ...blueprint, spec });
}

function appVariables({ type, version }: { readonly type: string; readonly version: string }): Variables {
  const { group, resource } = appType(type);
  return {
    TARGET_APP_VERSION: version,
    TARGET_APP_GROUP: group,
    TARGET_APP_RESOURCE: resource,
    TARGET_APP_TYPE: type,
  };
}
