/** What the invokers of a backup share, and what those of a restore share. */
import { Driver, ExecutionOrder } from "../contract.ts";
import { resolvedRepositorySchema } from "./backend.ts";
import { InvokerPhase, OnRestoreFailure, OnVolumesInUse, RestorePhase } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { hookResultSchema } from "./hook-result.ts";
import { repositoryRefSchema } from "./object-ref.ts";
import {
  chosenRecoveryPointSchema,
  pointSearchSchema,
  provenSchema,
  recoveryPointRefSchema,
} from "./recovery-point.ts";
import { retentionPolicySchema } from "./retention-policy.ts";
import { retryConfigSchema } from "./retry-config.ts";
import {
  count,
  cronText,
  defaulted,
  duration,
  flag,
  int32,
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
  zoneText,
} from "./schema.ts";
import { recordProperties } from "./unlisted.ts";

const driver = defaulted(oneOf(Driver), Driver.Restic, "What makes or restores the copies.");
export const executionOrder = defaulted(
  oneOf(ExecutionOrder),
  ExecutionOrder.Parallel,
  "Whether members run at once or one after another.",
);
const repository = optional(repositoryRefSchema, "Repository that holds the data.");
const timeOut = optional(
  duration,
  "Longest time that a run may take; 0 for as long as it likes. Without it there is a default.",
);
const retryConfig = optional(retryConfigSchema, "Whether and when a failed run is tried again.");

/** When runs are due, how many are kept, and which snapshots. */
export const backupScheduleProperties = {
  schedule: optional(cronText, "Cron text with five fields."),
  timeZone: optional(zoneText, "IANA time zone that the schedule is read in; UTC when empty."),
  jitter: optional(duration, "Spreads the starts over this time; stable for each invoker."),
  startingDeadlineSeconds: optional(count, "How late a missed run may still start; one period when empty."),
  retentionPolicy: required(retentionPolicySchema, "Which snapshots are kept."),
  backupHistoryLimit: optional(int32, "How many BackupSessions are kept; 1 when empty."),
  timeOut,
  retryConfig,
};

export const backupInvokerStatusProperties = {
  conditions: optional(conditionsSchema, "What was found out about it."),
  phase: optional(oneOf(InvokerPhase), "Whether backups can run."),
  nextRuns: optional(list(time), "The next due times."),
  lastScheduleTime: optional(time, "Due time of the last scheduled run."),
  lastSuccessfulTime: optional(time, "When the last successful run ended."),
  missedRuns: optional(count, "Due times that passed without a run."),
  lastRecoveryPoint: optional(recoveryPointRefSchema, "The newest complete recovery point."),
  lastProven: optional(provenSchema, "The last drill that proved a recovery point of it."),
};

export const backupInvokerSwitches = {
  driver,
  repository,
  paused: optional(flag, "Stops the schedule, not runs on request."),
};

/** Which recovery point is restored, and what happens on failure. */
export const restoreChoiceProperties = {
  driver,
  repository,
  timeOut,
  retryConfig,
  session: optional(text, "BackupSession whose recovery point is restored: NAME, or NAMESPACE/NAME."),
  dryRun: optional(
    flag,
    "Tells in the status what the restore would do, and changes nothing. It never becomes a real one.",
  ),
  asOf: optional(time, "Restores the newest complete recovery point at or before this time."),
  onFailure: defaulted(
    oneOf(OnRestoreFailure),
    OnRestoreFailure.Hold,
    "Whether a workload whose restore failed is held back or started.",
  ),
  volumesInUse: defaulted(
    oneOf(OnVolumesInUse),
    OnVolumesInUse.Restore,
    "Whether a Job fills a volume claim that other pods mount, or waits until they are gone. A workload always waits.",
  ),
};

/** What would become of a member, as far as the objects of the cluster tell. */
const plannedMemberSchema = object({
  alias: optional(nameText, "Its alias."),
  kind: optional(nameText, "Kind of its target."),
  name: optional(nameText, "Name of its target."),
  step: required(count, "Members of one step start together; 0 where it would never start."),
  by: required(text, "What would bring its data."),
  restarts: required(text, "Which pods would restart."),
  waitsFor: optional(list(text), "What would hold it."),
});
export type PlannedRestore = Value<typeof plannedMemberSchema>;

export const restoreStatusProperties = {
  plan: optional(list(plannedMemberSchema), "With dryRun: one entry a member, in the order of the spec."),
  phase: optional(oneOf(RestorePhase), "How far the restore is."),
  reason: optional(text, "What it waits for, or error code."),
  message: optional(text, "Why it waits or failed."),
  sessionDuration: optional(text, "How long it took, rounded to seconds."),
  sessionDeadline: optional(time, "When it must have ended."),
  conditions: optional(conditionsSchema, "What was found out about it."),
  startTime: optional(time, "When it started."),
  completionTime: optional(time, "When it ended."),
  repository: optional(resolvedRepositorySchema, "The Repository as it was resolved."),
  recoveryPoint: optional(chosenRecoveryPointSchema, "The recovery point that is restored."),
  pointSearch: optional(
    pointSearchSchema,
    "What was found in the repository while the recovery point is being chosen.",
  ),
  hooks: optional(longList(hookResultSchema), "Hooks that the reconciler ran."),
  retries: optional(int32, "How many times it was tried again."),
  membersDone: optional(nameText, "How many members have ended, of how many."),
  ...recordProperties,
};
