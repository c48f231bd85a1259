import * as Type from "typebox/type";
import { backendSchema } from "./backend.ts";
import { AllowedNamespacesFrom, HostAction, MaintenancePhase } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { formerPodSchema, MAX_LISTED_LOCKS, repositoryLockSchema } from "./host-stats.ts";
import { KINDS } from "./kinds.ts";
import { labelSelectorSchema } from "./kubernetes/label-selector.ts";
import { listedSnapshotsSchema } from "./listed-snapshot.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { typedObjectRefSchema } from "./object-ref.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { listedPointsSchema, recoveryPointRefSchema } from "./recovery-point.ts";
import {
  count,
  defaulted,
  flag,
  int64,
  list,
  longList,
  nameText,
  object,
  oneOf,
  optional,
  required,
  shortList,
  text,
  time,
  type Value,
  zoneText,
} from "./schema.ts";

export const allowedNamespacesSchema = object({
  from: defaulted(oneOf(AllowedNamespacesFrom), AllowedNamespacesFrom.Same, "How namespaces are chosen."),
  selector: optional(labelSelectorSchema, "Labels of the namespaces, with from: Selector."),
});
export type AllowedNamespaces = Value<typeof allowedNamespacesSchema>;

const usagePolicySchema = object({
  allowedNamespaces: optional(allowedNamespacesSchema, "Namespaces whose invokers may use the Repository."),
});
export type UsagePolicy = Value<typeof usagePolicySchema>;

const clock = Type.String({ pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$" });

const maintenanceSchema = object({
  window: optional(
    object({
      from: required(clock, "When it opens, as 22:00."),
      until: required(clock, "When it closes, as 06:00; the next day where that is earlier."),
      timeZone: optional(zoneText, "IANA name of the zone; UTC when empty."),
    }),
    "When checks and prune may run; at any time when empty.",
  ),
});
export type Maintenance = Value<typeof maintenanceSchema>;

/** One run of checks and prune. */
const maintenanceRunSchema = object({
  phase: required(oneOf(MaintenancePhase), "How far it is."),
  startedAt: required(time, "When it was begun."),
  finishedAt: optional(time, "When it ended."),
  actions: optional(list(oneOf(HostAction)), "What is done, in order."),
  readDataSubset: optional(text, "Which part of the data is read."),
  covers: optional(text, "The last removal of snapshots before it."),
  request: optional(text, "Value of the annotation that asked for it."),
  pod: optional(nameText, "Pod that does the work."),
  podUID: optional(text, "Its uid."),
  assignedAt: optional(time, "When the pod was given the work."),
  formerPods: optional(list(formerPodSchema), "Pods that had the work before."),
  reason: optional(text, "Error code."),
  message: optional(text, "Why it failed or was stopped, or what it waits for."),
});
export type MaintenanceRun = Value<typeof maintenanceRunSchema>;

/** A part of the data in which a check found damage. */
const dataFaultSchema = object({
  part: required(text, "Which part, as restic's --read-data-subset takes it."),
  foundAt: required(time, "When a check found it first."),
  checkedAt: required(time, "When a check found it last."),
});
export type DataFault = Value<typeof dataFaultSchema>;

/** Another repository that was found where the one was that the status tells of. */
const replacementSchema = object({
  id: optional(text, "restic's id of it, where it is known."),
  seenAt: required(time, "Begin of the work that found it."),
  by: required(text, "That work."),
  lostPoints: optional(count, "Complete recovery points that were listed of the former one."),
});

export const repositorySpecProperties = {
  backend: optional(backendSchema, "Where the restic repository lives."),
  wipeOut: optional(flag, "Deletes the data together with the Repository."),
  usagePolicy: optional(usagePolicySchema, "Who may use the Repository; its own namespace when empty."),
  maintenance: optional(maintenanceSchema, "When checks and prune run."),
};

export const repositorySchema = object({
  ...typeMeta(KINDS.Repository),
  metadata: objectMetaSchema,
  spec: object(repositorySpecProperties),
  status: observedStatus({
    firstBackupTime: optional(time, "When the first backup was taken."),
    lastBackupTime: optional(time, "When the newest backup was taken."),
    repositoryID: optional(text, "restic's id of the repository that holds the history."),
    repositorySeenAt: optional(time, "Begin of the last work that told which repository is there."),
    doubtedAt: optional(
      time,
      "Begin of the last work of another namespace that found another repository there; a check tells.",
    ),
    repositoryPlace: optional(nameText, "Changes with where the backend is."),
    replacement: optional(replacementSchema, "Another repository that took its place, until somebody accepts it."),
    replacedAt: optional(time, "Since when another repository is there: nothing older counts."),
    integrity: optional(flag, "Whether the checks know of no fault, neither in the structure nor in the data."),
    structureIntegrity: optional(flag, "Whether the last check of the structure found no fault."),
    dataFaults: optional(list(dataFaultSchema), "Parts of the data that are known to be damaged."),
    totalSize: optional(text, "Size of the repository, for people."),
    snapshotCount: optional(int64, "Snapshots in the repository."),
    snapshotsRemovedOnLastCleanup: optional(int64, "Snapshots that retention last removed."),
    references: optional(longList(typedObjectRefSchema), "Invokers that use the Repository."),
    conditions: optional(conditionsSchema, "What was found out about it."),
    recoveryPoints: optional(count, "Complete recovery points among those that are listed."),
    points: optional(listedPointsSchema, "The newest recovery points in the repository, newest first, at most 100."),
    pointsListedAt: optional(time, "Begin of the last maintenance that listed all of them."),
    snapshots: optional(listedSnapshotsSchema, "The newest snapshots in the repository, newest first, at most 500."),
    snapshotsListedAt: optional(time, "Begin of the last work whose pod listed some or all of them."),
    locks: optional(
      shortList(repositoryLockSchema, MAX_LISTED_LOCKS),
      "Locks of others in the repository as the last maintenance saw them, at most 20.",
    ),
    locksSeenAt: optional(time, "When they were last looked at; unset where nobody has."),
    lastRecoveryPoint: optional(recoveryPointRefSchema, "The newest complete recovery point."),
    lastCheckTime: optional(time, "When the structure was last checked."),
    lastReadDataCheckTime: optional(time, "When the weekly part of the data was last read and checked."),
    readDataSubset: optional(text, "Which part that was."),
    lastRemoval: optional(text, "Session after which snapshots were last removed, and when."),
    lastPruneTime: optional(time, "When what no snapshot needs was last taken out of the repository."),
    prunedRemoval: optional(text, "The last removal that this covers."),
    maintenanceRuns: optional(list(maintenanceRunSchema), "The last runs of checks and prune, newest first."),
  }),
});
export type Repository = Value<typeof repositorySchema>;
export type RepositorySpec = Repository["spec"];
export type RepositoryStatus = NonNullable<Repository["status"]>;

/** Reads a Repository. @throws UserError INVALID_OBJECT naming the fields */
export const parseRepository = parserOf(KINDS.Repository, repositorySchema);
