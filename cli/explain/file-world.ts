/** The cluster as files describe it, before what a real cluster holds: so that a change can be explained before it is made. */

import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { type BackupBlueprint, parseBackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import type { InjectionWorld } from "../../shared/injection/gather.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import {
  type BackupInvokerView,
  backupInvokerView,
  type RestoreInvokerView,
  restoreInvokerView,
} from "../../shared/invoker.ts";
import { textAt } from "../../shared/kube/json-value.ts";
import { targetKey } from "../../shared/target.ts";

/** Objects of the files, sorted by what they mean to a decision. */
export interface FileObjects {
  readonly namespaces: readonly NamespaceFacts[];
  readonly repositories: readonly Repository[];
  readonly blueprints: readonly BackupBlueprint[];
  readonly backups: readonly BackupInvokerView[];
  readonly restores: readonly RestoreInvokerView[];
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
    others: [] as unknown[],
  };
  for (const object of objects) {
    switch (textAt(object, "kind")) {
      case "Namespace":
        sorted.namespaces.push({
          name: textAt(object, "metadata", "name") ?? "",
          labels: textMapAt(object, "metadata", "labels"),
          annotations: textMapAt(object, "metadata", "annotations"),
        });
        break;
      case "Repository":
        sorted.repositories.push(parseRepository(object));
        break;
      case "BackupBlueprint":
        sorted.blueprints.push(parseBackupBlueprint(object));
        break;
      case "BackupConfiguration":
        sorted.backups.push(backupInvokerView(parseBackupConfiguration(object)));
        break;
      case "BackupBatch":
        sorted.backups.push(backupInvokerView(parseBackupBatch(object)));
        break;
      case "RestoreSession":
        sorted.restores.push(restoreInvokerView(parseRestoreSession(object)));
        break;
      case "RestoreBatch":
        sorted.restores.push(restoreInvokerView(parseRestoreBatch(object)));
        break;
      default:
        sorted.others.push(object);
    }
  }
  return sorted;
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
