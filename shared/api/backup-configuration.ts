import { backupInvokerStatusProperties, backupInvokerSwitches, backupScheduleProperties } from "./invoker.ts";
import { KINDS } from "./kinds.ts";
import { backupMemberProperties } from "./member.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { observedStatus } from "./observed-status.ts";
import { parserOf } from "./parse.ts";
import { object, type Value } from "./schema.ts";

export const backupConfigurationSchema = object({
  ...typeMeta(KINDS.BackupConfiguration),
  metadata: objectMetaSchema,
  spec: object({ ...backupMemberProperties, ...backupScheduleProperties, ...backupInvokerSwitches }),
  status: observedStatus(backupInvokerStatusProperties),
});
export type BackupConfiguration = Value<typeof backupConfigurationSchema>;

/** Reads a BackupConfiguration. @throws UserError INVALID_OBJECT naming the fields */
export const parseBackupConfiguration = parserOf(KINDS.BackupConfiguration, backupConfigurationSchema);
