import { backendSchema } from "./backend.ts";
import { AllowedNamespacesFrom } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { KINDS } from "./kinds.ts";
import { labelSelectorSchema } from "./kubernetes/label-selector.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { typedObjectRefSchema } from "./object-ref.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { recoveryPointRefSchema } from "./recovery-point.ts";
import { count, defaulted, flag, int64, longList, object, oneOf, optional, text, time, type Value } from "./schema.ts";

export const allowedNamespacesSchema = object({
  from: defaulted(oneOf(AllowedNamespacesFrom), AllowedNamespacesFrom.Same, "How namespaces are chosen."),
  selector: optional(labelSelectorSchema, "Labels of the namespaces, with from: Selector."),
});
export type AllowedNamespaces = Value<typeof allowedNamespacesSchema>;

export const usagePolicySchema = object({
  allowedNamespaces: optional(allowedNamespacesSchema, "Namespaces whose invokers may use the Repository."),
});
export type UsagePolicy = Value<typeof usagePolicySchema>;

export const repositorySpecProperties = {
  backend: optional(backendSchema, "Where the restic repository lives."),
  wipeOut: optional(flag, "Deletes the data together with the Repository."),
  usagePolicy: optional(usagePolicySchema, "Who may use the Repository; its own namespace when empty."),
};

export const repositorySchema = object({
  ...typeMeta(KINDS.Repository),
  metadata: objectMetaSchema,
  spec: object(repositorySpecProperties),
  status: observedStatus({
    firstBackupTime: optional(time, "When the first backup was taken."),
    lastBackupTime: optional(time, "When the newest backup was taken."),
    integrity: optional(flag, "Whether the last check found no fault."),
    totalSize: optional(text, "Size of the repository, for people."),
    snapshotCount: optional(int64, "Snapshots in the repository."),
    snapshotsRemovedOnLastCleanup: optional(int64, "Snapshots that retention last removed."),
    references: optional(longList(typedObjectRefSchema), "Invokers that use the Repository."),
    conditions: optional(conditionsSchema, "What was found out about it."),
    recoveryPoints: optional(count, "Complete recovery points in the repository."),
    lastRecoveryPoint: optional(recoveryPointRefSchema, "The newest complete recovery point."),
    lastCheckTime: optional(time, "When the structure was last checked."),
    lastReadDataCheckTime: optional(time, "When a part of the data was last read and checked."),
    readDataSubset: optional(text, "Which part that was."),
  }),
});
export type Repository = Value<typeof repositorySchema>;
export type RepositorySpec = Repository["spec"];
export type RepositoryStatus = NonNullable<Repository["status"]>;

/** Reads a Repository. @throws UserError INVALID_OBJECT naming the fields */
export const parseRepository = parserOf(KINDS.Repository, repositorySchema);
