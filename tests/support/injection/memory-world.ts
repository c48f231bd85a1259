/** A world that holds given objects, read as the informers read them. */
import { parseBackupBatch } from "../../../shared/api/backup-batch.ts";
import { parseBackupBlueprint } from "../../../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../../../shared/api/backup-configuration.ts";
import { parseRepository } from "../../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../../shared/api/restore-session.ts";
import type { InjectionWorld } from "../../../shared/injection/gather.ts";
import { textMapAt } from "../../../shared/injection/workload.ts";
import { backupInvokerView, restoreInvokerView } from "../../../shared/invoker/object.ts";
import { textAt } from "../../../shared/json/value.ts";
import { targetKey } from "../../../shared/target/ref.ts";

/** Makes the world from raw objects of our kinds and Namespaces. @throws UserError when one can't be read */
export function createMemoryWorld(objects: readonly unknown[]): InjectionWorld {
  const of = (kind: string) => objects.filter((object) => textAt(object, "kind") === kind);
  const repositories = of("Repository").map(parseRepository);
  const blueprints = of("BackupBlueprint").map(parseBackupBlueprint);
  const batches = of("BackupBatch").map((raw) => backupInvokerView(parseBackupBatch(raw)));
  const backups = [
    ...of("BackupConfiguration").map((raw) => backupInvokerView(parseBackupConfiguration(raw))),
    ...batches,
  ];
  const restores = [...of("RestoreSession").map(parseRestoreSession), ...of("RestoreBatch").map(parseRestoreBatch)].map(
    (restore) => ({ invoker: restoreInvokerView(restore), phase: restore.status?.phase ?? "" }),
  );
  const namespaces = of("Namespace").map((raw) => ({
    name: textAt(raw, "metadata", "name") ?? "",
    labels: textMapAt(raw, "metadata", "labels"),
    annotations: textMapAt(raw, "metadata", "annotations"),
  }));
  const names = (target: string, members: readonly { readonly ref: Parameters<typeof targetKey>[0] }[]) =>
    members.some(({ ref }) => targetKey(ref) === target);
  const find = (namespace: string, name: string) => (object: { metadata: { namespace: string; name: string } }) =>
    object.metadata.namespace === namespace && object.metadata.name === name;
  return {
    namespace: (name) => namespaces.find((namespace) => namespace.name === name),
    repository: (namespace, name) => repositories.find(find(namespace, name)),
    blueprint: (name) => blueprints.find(({ metadata }) => metadata.name === name),
    backupBatch: (namespace, name) => batches.find((batch) => batch.namespace === namespace && batch.name === name),
    backupsNaming: (target) => backups.filter(({ members }) => names(target, members)),
    restoresNaming: (target) => restores.filter(({ invoker }) => names(target, invoker.members)),
  };
}
