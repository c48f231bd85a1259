/** What one target's backup or restore needs: the spec of a single-target invoker, and one member of a batch. */
import { backupHooksSchema, restoreHooksSchema } from "./hooks.ts";
import { volumeClaimTemplateSchema } from "./kubernetes/volume-claim-template.ts";
import { runtimeSettingsSchema } from "./runtime-settings.ts";
import { list, nameText, object, optional, type Value } from "./schema.ts";
import { backupTargetSchema, restoreTargetSchema } from "./target.ts";
import { taskRefSchema } from "./task-ref.ts";
import { tempDirSchema } from "./temp-dir.ts";

export const executorProperties = {
  task: optional(taskRefSchema, "Task that does it; empty for workloads."),
  runtimeSettings: optional(runtimeSettingsSchema, "Settings of the pod and container that do it."),
  tempDir: optional(tempDirSchema, "Scratch volume."),
  interimVolumeTemplate: optional(volumeClaimTemplateSchema, "Volume for data that must be written to disk first."),
};

export const backupMemberProperties = {
  ...executorProperties,
  target: optional(backupTargetSchema, "What is backed up."),
  hooks: optional(backupHooksSchema, "What runs before and after."),
};

export const restoreMemberProperties = {
  ...executorProperties,
  target: optional(restoreTargetSchema, "What is restored."),
  hooks: optional(restoreHooksSchema, "What runs before and after."),
};

const dependsOn = optional(list(nameText), "Aliases of the members that must have ended before this one starts.");

export const backupMemberSchema = object({ ...backupMemberProperties, dependsOn });
export type BackupMember = Value<typeof backupMemberSchema>;

export const restoreMemberSchema = object({ ...restoreMemberProperties, dependsOn });
export type RestoreMember = Value<typeof restoreMemberSchema>;
