import { resolvedRepositorySchema } from "./backend.ts";
import {
  BackupSessionPhase,
  BackupTargetPhase,
  PointState,
  PostBackupAction,
  PreBackupAction,
  SessionTrigger,
} from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { hookResultSchema } from "./hook-result.ts";
import { backupHooksSchema } from "./hooks.ts";
import { hostStatsSchema } from "./host-stats.ts";
import { BackupInvokerKind, KINDS } from "./kinds.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import {
  count,
  flag,
  int32,
  int64,
  list,
  longList,
  nameText,
  object,
  oneOf,
  optional,
  required,
  text,
  time,
  type Value,
} from "./schema.ts";
import { backupTargetSchema, targetRefSchema } from "./target.ts";
import { recordProperties, unlistedSchema } from "./unlisted.ts";

const backupInvokerRefSchema = object({
  apiGroup: optional(nameText, "API group of the invoker."),
  kind: required(oneOf(BackupInvokerKind), "Kind of the invoker."),
  name: required(nameText, "Name of the invoker, in the same namespace."),
});

export const backupTargetStatusSchema = object({
  ref: optional(targetRefSchema, "Which target."),
  alias: optional(nameText, "Its alias."),
  member: optional(
    object({
      target: optional(backupTargetSchema, "What is backed up."),
      hooks: optional(backupHooksSchema, "What runs before and after."),
    }),
    "What to do, for a target that joined by its label and is not in the invoker's spec.",
  ),
  totalHosts: optional(int32, "How many hosts must report."),
  phase: optional(oneOf(BackupTargetPhase), "How far the target is."),
  reason: optional(text, "Error code."),
  message: optional(text, "Why it waits or failed."),
  stats: optional(longList(hostStatsSchema), "One entry a host."),
  hooks: optional(longList(hookResultSchema), "Hooks of the target that the reconciler ran."),
  preBackupActions: optional(list(oneOf(PreBackupAction)), "Work on the repository before the backup."),
  postBackupActions: optional(list(oneOf(PostBackupAction)), "Work on the repository after the backup."),
  conditions: optional(conditionsSchema, "What was found out about the target."),
  unlisted: optional(unlistedSchema, "What is left out here because there is so much of it."),
});
export type BackupTargetStatus = Value<typeof backupTargetStatusSchema>;

export const backupSessionSchema = object({
  ...typeMeta(KINDS.BackupSession),
  metadata: objectMetaSchema,
  spec: object({
    invoker: optional(backupInvokerRefSchema, "What the session is a run of."),
    retryLeft: optional(int32, "How many more sessions may follow if this one fails."),
    trigger: optional(oneOf(SessionTrigger), "What made the session."),
    dueTime: optional(time, "When the run was due."),
    retryOf: optional(nameText, "The session that this one tries again."),
    cancel: optional(flag, "Ends the session, and its retries; hooks that are to run after it still run."),
  }),
  status: observedStatus({
    phase: optional(oneOf(BackupSessionPhase), "How far the session is."),
    sessionDuration: optional(text, "How long it took, rounded to seconds."),
    sessionDeadline: optional(time, "When it must have ended."),
    startTime: optional(time, "When it started."),
    completionTime: optional(time, "When it ended."),
    invokerGeneration: optional(int64, "Generation of the invoker that the session was decided by."),
    repository: optional(resolvedRepositorySchema, "The Repository as it was resolved."),
    repositoryID: optional(nameText, "restic's id of the repository that was found or made."),
    unreadableFiles: optional(count, "Files that could not be read, over all hosts."),
    hooks: optional(longList(hookResultSchema), "Global hooks."),
    targets: optional(list(backupTargetStatusSchema), "One entry a target."),
    conditions: optional(conditionsSchema, "What was found out about the session."),
    retried: optional(flag, "Whether a session was made that tries again."),
    nextRetry: optional(time, "When that will be made."),
    membersDone: optional(nameText, "How many targets have ended, of how many."),
    totalSize: optional(nameText, "Size of the data in all snapshots that were made, for people."),
    point: optional(oneOf(PointState), "Whether the session left a recovery point, once it has ended."),
    ...recordProperties,
  }),
});
export type BackupSession = Value<typeof backupSessionSchema>;
export type BackupSessionStatus = NonNullable<BackupSession["status"]>;

/** Reads a BackupSession. @throws UserError INVALID_OBJECT naming the fields */
export const parseBackupSession = parserOf(KINDS.BackupSession, backupSessionSchema);
