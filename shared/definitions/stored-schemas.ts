/** The schema of each kind that the API server stores. */
import { appBindingSchema } from "../api/app-binding.ts";
import { backupBatchSchema } from "../api/backup-batch.ts";
import { backupBlueprintSchema } from "../api/backup-blueprint.ts";
import { backupConfigurationSchema } from "../api/backup-configuration.ts";
import { backupSessionSchema } from "../api/backup-session.ts";
import { backupVerificationSessionSchema } from "../api/backup-verification-session.ts";
import { backupVerifierSchema } from "../api/backup-verifier.ts";
import { functionSchema } from "../api/function.ts";
import { hostRunSchema } from "../api/host-run.ts";
import { KINDS, type KindEntry, type KindName } from "../api/kinds.ts";
import { repositorySchema } from "../api/repository.ts";
import { restoreBatchSchema } from "../api/restore-batch.ts";
import { restoreSessionSchema } from "../api/restore-session.ts";
import type { SchemaNode } from "../api/schema.ts";
import { taskSchema } from "../api/task.ts";

/** Snapshot is none of them: an aggregated API serves it, ours or upstream's. */
export const STORED_SCHEMAS = {
  Repository: repositorySchema,
  BackupConfiguration: backupConfigurationSchema,
  BackupBatch: backupBatchSchema,
  BackupBlueprint: backupBlueprintSchema,
  BackupSession: backupSessionSchema,
  RestoreSession: restoreSessionSchema,
  RestoreBatch: restoreBatchSchema,
  BackupVerifier: backupVerifierSchema,
  BackupVerificationSession: backupVerificationSessionSchema,
  HostRun: hostRunSchema,
  Function: functionSchema,
  Task: taskSchema,
  AppBinding: appBindingSchema,
} as const satisfies Record<Exclude<KindName, "Snapshot">, SchemaNode>;

export interface StoredSchema {
  readonly entry: KindEntry;
  readonly schema: SchemaNode;
}

export const STORED: readonly StoredSchema[] = Object.values(KINDS).flatMap((entry) =>
  entry.kind === "Snapshot" ? [] : [{ entry, schema: STORED_SCHEMAS[entry.kind] }],
);

/** Name of the definition of a kind. */
export function definitionName({ plural, group }: KindEntry): string {
  return `${plural}.${group}`;
}
