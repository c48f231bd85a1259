/** The words in which a backup differs from other runs. */
import { ConditionType } from "../../shared/reasons.ts";
import type { RunWords } from "../run/run-facts.ts";

export const BACKUP_WORDS: RunWords = {
  run: "session",
  work: "backup",
  event: "Backup",
  invoker: "invoker",
  role: "sidecar",
  before: "preBackup",
  after: "postBackup",
  executorEnsured: {
    type: ConditionType.BackupExecutorEnsured,
    good: "SuccessfullyEnsuredBackupExecutor",
    bad: "FailedToEnsureBackupExecutor",
  },
  beforeHook: {
    type: ConditionType.PreBackupHookExecutionSucceeded,
    good: "SuccessfullyExecutedPreBackupHook",
    bad: "FailedToExecutePreBackupHook",
  },
  afterHook: {
    type: ConditionType.PostBackupHookExecutionSucceeded,
    good: "SuccessfullyExecutedPostBackupHook",
    bad: "FailedToExecutePostBackupHook",
  },
  globalBefore: {
    type: ConditionType.GlobalPreBackupHookSucceeded,
    good: "GlobalPreBackupHookExecutedSuccessfully",
    bad: "GlobalPreBackupHookExecutionFailed",
  },
  globalAfter: {
    type: ConditionType.GlobalPostBackupHookSucceeded,
    good: "GlobalPostBackupHookExecutedSuccessfully",
    bad: "GlobalPostBackupHookExecutionFailed",
  },
  failures: [
    ConditionType.GlobalPreBackupHookSucceeded,
    ConditionType.BackendRepositoryInitialized,
    ConditionType.RepositoryIntegrityVerified,
    ConditionType.GlobalPostBackupHookSucceeded,
  ],
  // A lost host is given to one other pod.
  maxAttempts: 2,
};
