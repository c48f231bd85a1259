import { FailurePolicy } from "../contract.ts";
import { conditionsSchema } from "./condition.ts";
import { backupHooksSchema } from "./hooks.ts";
import {
  backupInvokerStatusProperties,
  backupInvokerSwitches,
  backupScheduleProperties,
  executionOrder,
} from "./invoker.ts";
import { KINDS } from "./kinds.ts";
import { backupMemberSchema } from "./member.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { runtimeSettingsSchema } from "./runtime-settings.ts";
import { defaulted, list, object, oneOf, optional, required, type Value } from "./schema.ts";
import { targetRefSchema } from "./target.ts";

const memberConditionsSchema = object({
  target: required(targetRefSchema, "Which member."),
  conditions: optional(conditionsSchema, "What was found out about it."),
});
export type MemberConditions = Value<typeof memberConditionsSchema>;

export const backupBatchSchema = object({
  ...typeMeta(KINDS.BackupBatch),
  metadata: objectMetaSchema,
  spec: object({
    members: optional(list(backupMemberSchema), "The parts of the application."),
    executionOrder,
    failurePolicy: defaulted(
      oneOf(FailurePolicy),
      FailurePolicy.Continue,
      "Whether later members still run after one failed.",
    ),
    hooks: optional(backupHooksSchema, "What runs before the first and after the last member."),
    runtimeSettings: optional(runtimeSettingsSchema, "Settings of the trigger's pod and container."),
    ...backupScheduleProperties,
    ...backupInvokerSwitches,
  }),
  status: observedStatus({
    ...backupInvokerStatusProperties,
    memberConditions: optional(list(memberConditionsSchema), "What was found out about single members."),
  }),
});
export type BackupBatch = Value<typeof backupBatchSchema>;

/** Reads a BackupBatch. @throws UserError INVALID_OBJECT naming the fields */
export const parseBackupBatch = parserOf(KINDS.BackupBatch, backupBatchSchema);
