/** Schemas of the kinds that people write. */
import { appBindingSchema } from "../../shared/api/app-binding.ts";
import { backupBatchSchema } from "../../shared/api/backup-batch.ts";
import { backupBlueprintSchema } from "../../shared/api/backup-blueprint.ts";
import { backupConfigurationSchema } from "../../shared/api/backup-configuration.ts";
import { backupSessionSchema } from "../../shared/api/backup-session.ts";
import { backupVerificationSessionSchema } from "../../shared/api/backup-verification-session.ts";
import { backupVerifierSchema } from "../../shared/api/backup-verifier.ts";
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import { repositorySchema } from "../../shared/api/repository.ts";
import { restoreBatchSchema } from "../../shared/api/restore-batch.ts";
import { restoreSessionSchema } from "../../shared/api/restore-session.ts";
import type { SchemaNode } from "../../shared/api/schema.ts";

export interface WrittenKind {
  readonly entry: KindEntry;
  readonly schema: SchemaNode;
}

export const WRITTEN_KINDS: ReadonlyMap<string, WrittenKind> = new Map(
  [
    { entry: KINDS.AppBinding, schema: appBindingSchema },
    { entry: KINDS.BackupBatch, schema: backupBatchSchema },
    { entry: KINDS.BackupBlueprint, schema: backupBlueprintSchema },
    { entry: KINDS.BackupConfiguration, schema: backupConfigurationSchema },
    { entry: KINDS.BackupSession, schema: backupSessionSchema },
    { entry: KINDS.BackupVerificationSession, schema: backupVerificationSessionSchema },
    { entry: KINDS.BackupVerifier, schema: backupVerifierSchema },
    { entry: KINDS.Repository, schema: repositorySchema },
    { entry: KINDS.RestoreBatch, schema: restoreBatchSchema },
    { entry: KINDS.RestoreSession, schema: restoreSessionSchema },
  ].map((kind): readonly [string, WrittenKind] => [kind.entry.kind, kind]),
);
