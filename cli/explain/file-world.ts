/** The cluster as files describe it, before what a real cluster holds: so that a change can be explained before it is made. */
import { type AppBinding, parseAppBinding } from "../../shared/api/app-binding.ts";
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { type BackupBlueprint, parseBackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { parseBackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import type { EffectSource } from "../../shared/effects/of-object.ts";
import type { InjectionWorld } from "../../shared/injection/gather.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import {
  type BackupInvokerView,
  backupInvokerView,
  type RestoreInvokerView,
  restoreInvokerView,
} from "../../shared/invoker/object.ts";
import { textAt } from "../../shared/json/value.ts";
import { targetKey } from "../../shared/target/ref.ts";

/** Objects of the files, sorted by what they mean to a decision. */
export interface FileObjects {
  readonly namespaces: readonly NamespaceFacts[];
  readonly repositories: readonly Repository[];
  readonly blueprints: readonly BackupBlueprint[];
  readonly backups: readonly BackupInvokerView[];
  readonly restores: readonly RestoreInvokerView[];
  readonly appBindings: readonly AppBinding[];
  readonly verifiers: readonly BackupVerifier[];
  /** Those of ours that make us do something, in the order of the files. */
  readonly sources: readonly EffectSource[];
  /** Everything else: the workloads to explain among them. */
  readonly others: readonly unknown[];
}

/**
 * Sorts the objects of files.
 *
 * @throws UserError INVALID_OBJECT naming the object and field
 */
export function sortObjects(objects: readonly unknown[]): FileObjects {
  const sorted = {
    namespaces: [] as NamespaceFacts[],
    repositories: [] as Repository[],
    blueprints: [] as BackupBlueprint[],
    backups: [] as BackupInvokerView[],
    restores: [] as RestoreInvokerView[],
    appBindings: [] as AppBinding[],
    verifiers: [] as BackupVerifier[],
    sources: [] as EffectSource[],
    others: [] as unknown[],
  };
  for (const object of objects) {
    const source = readSource(object);
    if (source !== undefined) sorted.sources.push(source);
    switch (source?.kind) {
      case "Repository":
        sorted.repositories.push(source);
        break;
      case "BackupBlueprint":
        sorted.blueprints.push(source);
        break;
      case "BackupConfiguration":
      case "BackupBatch":
        sorted.backups.push(source);
        break;
      case "RestoreSession":
      case "RestoreBatch":
        sorted.restores.push(source);
        break;
      case "AppBinding":
        sorted.appBindings.push(source);
        break;
      case "BackupVerifier":
        sorted.verifiers.push(source);
        break;
      case "BackupVerificationSession":
        break;
      default:
        if (textAt(object, "kind") === "Namespace") sorted.namespaces.push(readNamespace(object));
        else sorted.others.push(object);
    }
  }
  return sorted;
}

/**
 * Reads an object that makes us do something.
 *
 * @returns undefined for every other kind
 * @throws UserError INVALID_OBJECT naming the field
 */
export function readSource(object: unknown): EffectSource | undefined {
  switch (textAt(object, "kind")) {
    case "Repository":
      return parseRepository(object);
    case "BackupBlueprint":
      return parseBackupBlueprint(object);
    case "BackupConfiguration":
      return backupInvokerView(parseBackupConfiguration(object));
    case "BackupBatch":
      return backupInvokerView(parseBackupBatch(object));
    case "RestoreSession":
      return restoreInvokerView(parseRestoreSession(object));
    case "RestoreBatch":
      return restoreInvokerView(parseRestoreBatch(object));
    case "AppBinding":
      return parseAppBinding(object);
    case "BackupVerifier":
      return parseBackupVerifier(object);
    case "BackupVerificationSession":
      return parseBackupVerificationSession(object);
    default:
      return undefined;
  }
}

function readNamespace(object: unknown): NamespaceFacts {
  return {
    name: textAt(object, "metadata", "name") ?? "",
    labels: textMapAt(object, "metadata", "labels"),
    annotations: textMapAt(object, "metadata", "annotations"),
  };
}

const isNamed = (object: { readonly namespace: string; readonly name: string }, namespace: string, name: string) =>
  object.namespace === namespace && object.name === name;

/** Objects of the files stand before those of the same kind and name in the cluster. */
export function overlayWorld(files: FileObjects, cluster: InjectionWorld | undefined): InjectionWorld {
  return {
    namespace: (name) => files.namespaces.find((item) => item.name === name) ?? cluster?.namespace(name),
    repository: (namespace, name) =>
      files.repositories.find(({ metadata }) => isNamed(metadata, namespace, name)) ??
      cluster?.repository(namespace, name),
    blueprint: (name) => files.blueprints.find(({ metadata }) => metadata.name === name) ?? cluster?.blueprint(name),
    backupBatch: (namespace, name) =>
      files.backups.find((backup) => backup.kind === "BackupBatch" && isNamed(backup, namespace, name)) ??
      cluster?.backupBatch(namespace, name),
    limitRanges: (namespace) => cluster?.limitRanges?.(namespace) ?? [],
    backupsNaming: (target) => {
      const known = cluster?.backupsNaming(target) ?? [];
      const hidden = (old: BackupInvokerView) =>
        files.backups.some((mine) => mine.kind === old.kind && isNamed(mine, old.namespace, old.name));
      return [
        ...files.backups.filter(({ members }) => members.some(({ ref }) => targetKey(ref) === target)),
        ...known.filter((old) => !hidden(old)),
      ];
    },
    restoresNaming: (target) => [
      ...files.restores
        .filter(({ members }) => members.some(({ ref }) => targetKey(ref) === target))
        .map((invoker) => ({ invoker, phase: "" })),
      ...(cluster?.restoresNaming(target) ?? []),
    ],
  };
}
