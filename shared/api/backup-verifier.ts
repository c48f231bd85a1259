/** BackupVerifier: restores an application's recovery points into throw-away volumes and servers, to see that they come back. */
import { PointChoice, VerificationType } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { BackupInvokerKind, KINDS } from "./kinds.ts";
import { envVarSchema } from "./kubernetes/pod.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { provenSchema } from "./recovery-point.ts";
import { retryConfigSchema } from "./retry-config.ts";
import { runtimeSettingsSchema } from "./runtime-settings.ts";
import {
  cronText,
  defaulted,
  duration,
  flag,
  int32,
  list,
  nameText,
  object,
  oneOf,
  optional,
  quantity,
  required,
  text,
  time,
  type Value,
  zoneText,
} from "./schema.ts";
import { verificationQuerySchema } from "./verification.ts";

export const verifiedInvokerSchema = object({
  kind: required(oneOf(BackupInvokerKind), "BackupConfiguration or BackupBatch."),
  name: required(nameText, "Its name, in the same namespace."),
});
export type VerifiedInvoker = Value<typeof verifiedInvokerSchema>;

const pointChoiceSchema = object({
  which: defaulted(
    oneOf(PointChoice),
    PointChoice.Newest,
    "The newest complete one, a random one of those that are kept, or a named one.",
  ),
  session: optional(nameText, "With Named: the BackupSession that made it."),
});

const verificationScriptSchema = object({
  image: required(text, "Image of the container."),
  command: optional(list(text), "Program; the image's own when empty."),
  args: optional(list(text), "Arguments."),
  env: optional(list(envVarSchema), "Further variables."),
});

const verificationServerSchema = object({
  member: required(nameText, "Alias of the database."),
  image: required(text, "Image of a server of its kind and version."),
});

const drillStorageSchema = object({
  storageClassName: optional(nameText, "StorageClass of the throw-away volumes; the default when unset."),
  sizeLimit: optional(quantity, "The most that one of them may be."),
});

export const backupVerifierSchema = object({
  ...typeMeta(KINDS.BackupVerifier),
  metadata: objectMetaSchema,
  spec: object({
    invoker: required(verifiedInvokerSchema, "Whose recovery points are restored."),
    schedule: optional(cronText, "Cron text with five fields; by hand only when neither this nor afterEach is set."),
    afterEach: optional(flag, "Whether each new complete recovery point is restored."),
    timeZone: optional(zoneText, "IANA time zone that the schedule is read in; UTC when empty."),
    point: optional(pointChoiceSchema, "Which recovery point is restored."),
    type: defaulted(oneOf(VerificationType), VerificationType.RestoreOnly, "How far what came back is looked at."),
    queries: optional(list(verificationQuerySchema), "With Query: statements with what they must answer."),
    script: optional(verificationScriptSchema, "With Script: the container that looks at all that was restored."),
    servers: optional(list(verificationServerSchema), "Images of database servers, where ours do not fit."),
    sample: optional(text, "Share of the files whose contents are compared, as 2%; all when empty."),
    storage: optional(drillStorageSchema, "The throw-away volumes."),
    maxRecoveryTime: optional(duration, "Longest time that a recovery may take before people are told."),
    retryConfig: optional(retryConfigSchema, "Whether and when a failed drill is tried again."),
    sessionHistoryLimit: optional(int32, "How many BackupVerificationSessions are kept; 3 when empty."),
    runtimeSettings: optional(runtimeSettingsSchema, "Settings of the drill's pods and containers."),
    timeOut: optional(duration, "Longest time that a drill may take; 1h when empty."),
    paused: optional(flag, "Stops the schedule, not drills on request."),
  }),
  status: observedStatus({
    conditions: optional(conditionsSchema, "What was found out about it."),
    nextRun: optional(time, "The next due time."),
    lastScheduleTime: optional(time, "Due time of the last scheduled drill."),
    lastSession: optional(nameText, "The newest drill."),
    lastProven: optional(provenSchema, "The last drill that proved a recovery point."),
  }),
});
export type BackupVerifier = Value<typeof backupVerifierSchema>;
export type BackupVerifierStatus = NonNullable<BackupVerifier["status"]>;

/** Reads a BackupVerifier. @throws UserError INVALID_OBJECT naming the fields */
export const parseBackupVerifier = parserOf(KINDS.BackupVerifier, backupVerifierSchema);
