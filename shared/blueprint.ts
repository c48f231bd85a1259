/**
 * What a BackupBlueprint makes of a workload: a Repository and a BackupConfiguration with names that follow from the
 * workload's, so that the webhook can inject before the reconciler has made them.
 */
import { type BackupBlueprint, parseBackupBlueprint } from "./api/backup-blueprint.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "./api/backup-configuration.ts";
import { KINDS } from "./api/kinds.ts";
import { parseRepository, type Repository } from "./api/repository.ts";
import { Annotation } from "./contract.ts";
import { UserError } from "./errors.ts";
import { parseVolumeMount, splitList } from "./labelled-member.ts";
import { shortKind, validNameWithPrefix } from "./names.ts";
import { substituteObject } from "./substitution.ts";

export interface BlueprintTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface BlueprintResult {
  readonly repository: Repository;
  readonly configuration: BackupConfiguration;
}

/** Blueprints that a target's annotation names, in its order. */
export function blueprintNames(annotations: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set(splitList(annotations[Annotation.BackupBlueprint]))];
}

/**
 * Name of what a blueprint makes. The first blueprint of a target uses upstream's formula; each further one, for which
 * upstream has none, adds its own name.
 */
export function blueprintResultName(target: BlueprintTarget, blueprint: BackupBlueprint): string {
  const names = blueprintNames(target.annotations);
  const isElsewhere = (blueprint.spec.backupNamespace ?? target.namespace) !== target.namespace;
  const ownName = `${shortKind(target.kind)}-${target.name}`;
  const name = isElsewhere ? validNameWithPrefix(target.namespace, ownName) : ownName;
  return validNameWithPrefix(name, names[0] === blueprint.metadata.name ? "" : blueprint.metadata.name);
}

/**
 * Resolves a blueprint for a workload.
 *
 * @throws UserError INVALID_OBJECT when an annotation is missing or can't be read, a variable has no value, or the
 *   blueprint keeps its BackupConfigurations in another namespace, from where no sidecar can be served
 */
export function resolveWorkloadBlueprint(blueprint: BackupBlueprint, target: BlueprintTarget): BlueprintResult {
  const { annotations } = target;
  const paths = splitList(annotations[Annotation.TargetPaths]);
  const volumeMounts = splitList(annotations[Annotation.VolumeMounts]).map(parseVolumeMount);
  const missing = [
    ...(paths.length === 0 ? [Annotation.TargetPaths] : []),
    ...(volumeMounts.length === 0 ? [Annotation.VolumeMounts] : []),
  ];
  if (missing.length > 0) {
    throw new UserError(
      "INVALID_OBJECT",
      `annotation ${Annotation.BackupBlueprint} also needs ${missing.join(" and ")}`,
      {
        next: "Set the paths to back up, and the volumes that hold them as volume:mountPath.",
      },
    );
  }
  const { spec } = substituteBlueprint(blueprint, target);
  const namespace = spec.backupNamespace || target.namespace;
  if (namespace !== target.namespace) {
    throw new UserError("INVALID_OBJECT", `BackupBlueprint ${blueprint.metadata.name} has a backupNamespace`, {
      next: "Leave spec.backupNamespace empty in blueprints for workloads: their sidecars see their own namespace only.",
    });
  }
  const name = blueprintResultName(target, blueprint);
  const repositoryNamespace = spec.repoNamespace || namespace;
  const { backend, wipeOut, usagePolicy, repoNamespace: _, backupNamespace: __, ...rest } = spec;
  const schedule = annotations[Annotation.Schedule] || rest.schedule;
  const ref = { apiVersion: target.apiVersion, kind: target.kind, name: target.name, namespace: target.namespace };
  return {
    repository: parseRepository({
      ...identity(KINDS.Repository),
      metadata: { name, namespace: repositoryNamespace },
      spec: {
        ...(backend !== undefined && { backend }),
        ...(wipeOut !== undefined && { wipeOut }),
        ...(usagePolicy !== undefined && { usagePolicy }),
      },
    }),
    configuration: parseBackupConfiguration({
      ...identity(KINDS.BackupConfiguration),
      metadata: { name, namespace },
      spec: {
        ...rest,
        ...(schedule !== undefined && { schedule }),
        repository: { name, namespace: repositoryNamespace },
        target: { ref, paths, volumeMounts },
      },
    }),
  };
}

function identity({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }) {
  return { apiVersion, kind };
}

function substituteBlueprint(blueprint: BackupBlueprint, target: BlueprintTarget): BackupBlueprint {
  const variables = {
    TARGET_API_VERSION: target.apiVersion,
    TARGET_KIND: target.kind.toLowerCase(),
    TARGET_NAME: target.name,
    TARGET_NAMESPACE: target.namespace,
    TARGET_RESOURCE: `${target.kind.toLowerCase()}s`,
  };
  const spec = substituteObject(blueprint.spec, variables, `BackupBlueprint ${blueprint.metadata.name}: spec`);
  return parseBackupBlueprint({ ...blueprint, spec });
}
