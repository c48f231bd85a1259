/** What the agent reads of a BackupSession. */
import { BackupHookPolicy, BackupHostPhase } from "../../shared/api/closed-lists.ts";
import { type Checked, list, number, oneOf, optional, parse, shape, text } from "./check.ts";
import {
  checkCondition,
  checkHandler,
  checkMetadata,
  checkRef,
  checkRepository,
  entryFields,
  handlerFields,
} from "./common.ts";

const checkSnapshotStats = shape({
  name: optional(text),
  path: optional(text),
  totalSize: optional(text),
  uploaded: optional(text),
  processingTime: optional(text),
  sizeBytes: optional(number),
  uploadedBytes: optional(number),
  time: optional(text),
  fileStats: optional(
    shape({
      totalFiles: optional(number),
      newFiles: optional(number),
      modifiedFiles: optional(number),
      unmodifiedFiles: optional(number),
    }),
  ),
});

const checkEntry = shape({
  ...entryFields,
  phase: optional(oneOf(BackupHostPhase)),
  snapshots: optional(list(checkSnapshotStats)),
});

/** What is backed up and how, as a member of an invoker says it. */
export const checkBackupMember = shape({
  target: optional(
    shape({
      alias: optional(text),
      ref: optional(checkRef),
      paths: optional(list(text)),
      exclude: optional(list(text)),
      args: optional(list(text)),
    }),
  ),
  hooks: optional(
    shape({
      preBackup: optional(checkHandler),
      postBackup: optional(shape({ ...handlerFields, executionPolicy: optional(oneOf(BackupHookPolicy)) })),
    }),
  ),
});

const checkTargetStatus = shape({
  ref: optional(checkRef),
  alias: optional(text),
  phase: optional(text),
  totalHosts: optional(number),
  member: optional(checkBackupMember),
  stats: optional(list(checkEntry)),
  conditions: optional(list(checkCondition)),
});

const checkBackupSession = shape({
  metadata: checkMetadata,
  spec: shape({
    invoker: optional(shape({ kind: text, name: text })),
    retryLeft: optional(number),
    dueTime: optional(text),
  }),
  status: optional(
    shape({
      phase: optional(text),
      sessionDeadline: optional(text),
      repository: optional(checkRepository),
      targets: optional(list(checkTargetStatus)),
      conditions: optional(list(checkCondition)),
    }),
  ),
});

export type BackupEntry = Checked<typeof checkEntry>;
export type BackupMemberSpec = Checked<typeof checkBackupMember>;
export type BackupTargetEntry = Checked<typeof checkTargetStatus>;
export type AgentBackupSession = Checked<typeof checkBackupSession>;

/** Reads a BackupSession. @throws UserError INVALID_OBJECT naming the field */
export function parseBackupSession(object: unknown): AgentBackupSession {
  return parse<AgentBackupSession>(checkBackupSession, object);
}
