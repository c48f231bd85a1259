/** BackupVerificationSession: one drill. A recovery point is restored beside the application, looked at, and thrown away. */
import { verifiedInvokerSchema } from "./backup-verifier.ts";
import { SessionTrigger, VerificationPhase, VerificationStep } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { KINDS } from "./kinds.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { chosenRecoveryPointSchema } from "./recovery-point.ts";
import {
  count,
  flag,
  int32,
  list,
  nameText,
  object,
  oneOf,
  optional,
  recordedText,
  required,
  text,
  time,
  type Value,
} from "./schema.ts";
import { taskRefSchema } from "./task-ref.ts";
import { verifiedFactsProperties } from "./verification.ts";

const drilledMemberSchema = object({
  alias: required(nameText, "Its alias."),
  kind: optional(nameText, "Kind of its target."),
  name: optional(nameText, "Name of its target."),
  phase: optional(oneOf(VerificationPhase), "How far it is."),
  message: optional(text, "Why it waits or failed."),
  restoreSeconds: optional(count, "How long its restore took."),
  ...verifiedFactsProperties,
});
export type DrilledMember = Value<typeof drilledMemberSchema>;

/** One thing that was looked at. */
const drillCheckSchema = object({
  name: required(text, "What was looked at."),
  ok: required(flag, "Whether it is as it must be."),
  message: optional(text, "What was found."),
});

/** A throw-away volume, and what is restored into it. */
const drillVolumeSchema = object({
  claim: required(nameText, "Name of the throw-away claim."),
  member: required(nameText, "Alias of the member."),
  host: required(nameText, "Host whose data it is."),
  mountPath: required(text, "Where the restore has it: a place that holds the paths of the snapshots."),
  folder: required(text, "Where those who look at it have it."),
  size: required(nameText, "Its size, as a quantity."),
  snapshots: required(
    list(object({ id: required(text, "Id of the snapshot."), path: required(text, "Path that was backed up.") })),
    "What is restored into it.",
  ),
});
export type DrillVolume = Value<typeof drillVolumeSchema>;

/** A throw-away server of a database. Its Secret, claim, Job and AppBinding have its name. */
const drillServerSchema = object({
  name: required(nameText, "Name of all that is made for it."),
  member: required(nameText, "Alias of the member."),
  host: required(nameText, "Host whose dumps are loaded into it."),
  type: required(text, "Type of the database, as the member's AppBinding says."),
  version: optional(text, "Its version, likewise."),
  image: required(text, "Image of the server."),
  port: required(count, "Its port."),
  user: required(text, "User that dumps are loaded as."),
  database: optional(text, "Database that statements are asked in, where the member's AppBinding names one."),
  size: required(nameText, "Size of its claim, as a quantity."),
  task: optional(taskRefSchema, "Task that loads the dumps, where the member's AppBinding names one."),
  address: optional(text, "Address of its pod, once it runs."),
  snapshots: required(
    list(object({ id: required(text, "Id of the snapshot."), path: required(text, "Name of the dump.") })),
    "What is loaded into it.",
  ),
});
export type DrillServer = Value<typeof drillServerSchema>;

export const backupVerificationSessionSchema = object({
  ...typeMeta(KINDS.BackupVerificationSession),
  metadata: objectMetaSchema,
  spec: object({
    verifier: required(nameText, "Name of the BackupVerifier, in the same namespace."),
    session: optional(nameText, "BackupSession whose recovery point is restored; as the verifier says when empty."),
    trigger: optional(oneOf(SessionTrigger), "What made the drill."),
    dueTime: optional(time, "When the drill was due."),
    retryLeft: optional(int32, "How many more drills may follow if this one fails."),
    retryOf: optional(nameText, "The drill that this one tries again."),
    cancel: optional(flag, "Ends the drill; all that it made is removed."),
  }),
  status: observedStatus({
    phase: optional(oneOf(VerificationPhase), "How far the drill is."),
    step: optional(oneOf(VerificationStep), "What it does now."),
    outcome: optional(oneOf(VerificationPhase), "How it will have ended, once all that it made is removed."),
    reason: optional(text, "Error code, or what it waits for."),
    message: optional(text, "Why it waits, failed or was skipped, or what it proved."),
    invoker: optional(verifiedInvokerSchema, "Whose recovery point it is."),
    startTime: optional(time, "When it started."),
    deadline: optional(time, "When it must have ended."),
    stepStartTime: optional(time, "When its step began."),
    restoreStartTime: optional(time, "When the restore began."),
    restoreEndTime: optional(time, "When the last member was back."),
    completionTime: optional(time, "When all that it made was removed."),
    point: optional(chosenRecoveryPointSchema, "The recovery point that is restored."),
    pointAgeSeconds: optional(count, "How old that was when the drill started: what would have been lost."),
    recoverySeconds: optional(count, "How long the recovery took, as measured."),
    recoveryTime: optional(text, "The same, for people."),
    volumes: optional(list(drillVolumeSchema), "The throw-away volumes."),
    servers: optional(list(drillServerSchema), "The throw-away servers of databases."),
    members: optional(list(drilledMemberSchema), "One entry a member."),
    resticVersion: optional(text, "Version of the restic that compared."),
    checks: optional(list(drillCheckSchema), "What was looked at."),
    script: optional(
      object({
        exitCode: optional(int32, "Exit code of the script."),
        output: optional(text, "The end of its output."),
        image: optional(text, "Its image, as it was asked for."),
        imageId: optional(text, "The image that ran, by its digest, as the node told."),
        command: optional(text, "Command and arguments, as JSON."),
      }),
      "What became of the script.",
    ),
    conditions: optional(conditionsSchema, "What was found out about it."),
    evidence: optional(recordedText, "The proof, as canonical JSON."),
    signature: optional(
      object({
        key: required(text, "Public key, in base64."),
        value: required(text, "Ed25519 signature of the evidence, in base64."),
      }),
      "Signature of the evidence with the installation's key.",
    ),
  }),
});
export type BackupVerificationSession = Value<typeof backupVerificationSessionSchema>;

/** Reads a BackupVerificationSession. @throws UserError INVALID_OBJECT naming the fields */
export const parseBackupVerificationSession = parserOf(
  KINDS.BackupVerificationSession,
  backupVerificationSessionSchema,
);
