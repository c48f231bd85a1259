/** The words in which a restore differs from other runs. */
import { ConditionType } from "../../shared/reasons.ts";
import type { RunWords } from "../run/run-facts.ts";

export const RESTORE_WORDS: RunWords = {
  run: "restore",
  work: "restore",
  event: "Restore",
  invoker: "restore",
  role: "restoreInit",
  before: "preRestore",
  after: "postRestore",
  executorEnsured: {
    type: ConditionType.RestoreExecutorEnsured,
    good: "SuccessfullyEnsuredRestoreExecutor",
    bad: "FailedToEnsureRestoreExecutor",
  },
  beforeHook: {
    type: ConditionType.PreRestoreHookExecutionSucceeded,
    good: "SuccessfullyExecutedPreRestoreHook",
    bad: "FailedToExecutePreRestoreHook",
  },
  afterHook: {
    type: ConditionType.PostRestoreHookExecutionSucceeded,
    good: "SuccessfullyExecutedPostRestoreHook",
    bad: "FailedToExecutePostRestoreHook",
  },
  globalBefore: {
    type: ConditionType.GlobalPreRestoreHookSucceeded,
    good: "GlobalPreRestoreHookExecutedSuccessfully",
    bad: "GlobalPreRestoreHookExecutionFailed",
  },
  globalAfter: {
    type: ConditionType.GlobalPostRestoreHookSucceeded,
    good: "GlobalPostRestoreHookExecutedSuccessfully",
    bad: "GlobalPostRestoreHookExecutionFailed",
  },
  failures: [ConditionType.GlobalPreRestoreHookSucceeded, ConditionType.GlobalPostRestoreHookSucceeded],
  // A pod that is lost is replaced by its workload, and the new one waits for its data: evictions are no failures.
  maxAttempts: 10,
};
