import { backupHooksSchema } from "./hooks.ts";
import { backupScheduleProperties } from "./invoker.ts";
import { KINDS } from "./kinds.ts";
import { executorProperties } from "./member.ts";
import { clusterObjectMetaSchema, typeMeta } from "./object-meta.ts";
import { parserOf } from "./parse.ts";
import { allowedNamespacesSchema, repositorySpecProperties } from "./repository.ts";
import { nameText, object, optional, type Value } from "./schema.ts";

export const backupBlueprintSchema = object({
  ...typeMeta(KINDS.BackupBlueprint),
  metadata: clusterObjectMetaSchema,
  spec: object({
    ...repositorySpecProperties,
    ...executorProperties,
    ...backupScheduleProperties,
    hooks: optional(backupHooksSchema, "What runs before and after."),
    backupNamespace: optional(nameText, "Namespace of the BackupConfiguration; the target's when empty."),
    repoNamespace: optional(nameText, "Namespace of the Repository; the BackupConfiguration's when empty."),
    allowedNamespaces: optional(
      allowedNamespacesSchema,
      "Namespaces whose targets may use the blueprint: all when empty, but with repoNamespace that one alone.",
    ),
  }),
});
export type BackupBlueprint = Value<typeof backupBlueprintSchema>;

/** Reads a BackupBlueprint. @throws UserError INVALID_OBJECT naming the fields */
export const parseBackupBlueprint = parserOf(KINDS.BackupBlueprint, backupBlueprintSchema);
