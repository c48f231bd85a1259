/**
 * Every reason that a decision can give, with one sentence each: injection decisions (counted in a metric and returned as
 * audit annotation), holds of the sequencer, and reasons of conditions. Names of upstream Stash are kept.
 */

/** Why a workload was, or was not, changed at admission. */
export const INJECTION_REASONS = {
  Injected: "the container was added",
  Refreshed: "the container was brought up to date",
  Adopted: "a container left by upstream Stash was taken over in place",
  Removed: "the container was removed because nothing names the workload any more",
  RestoreInjected: "the init-container of a restore was added",
  RestoreRemoved: "the init-container of an ended restore was dropped",
  StrategyReturned: "the strategy of the Deployment is its owner's again, for its restore is over",
  UpToDate: "the workload already carries what it should",
  NoInvoker: "nothing names the workload and it does not opt in",
  OptedOut: "the workload or its namespace says inject: disabled",
  BeingDeleted: "the workload is being deleted",
  OtherKind: "objects of this kind are not changed",
  Subresource: "only the main resource is changed, not its subresources",
  JobModel: "the member names a task, so a job does the work",
  OtherDriver: "the invoker's driver is not Restic",
  RepositoryMissing: "the Repository does not exist yet; the container is added when it appears",
  RepositoryNotAllowed: "the Repository's usagePolicy does not allow the namespace",
  BatchMissing: "the BackupBatch that the label names does not exist",
  BlueprintNotAllowed: "the BackupBlueprint that the annotation names is not for the namespace",
  BlueprintInvalid: "the BackupBlueprint that the annotation names can't be used for the workload",
  BlueprintMissing: "the BackupBlueprint that the annotation names does not exist",
  BackendUnusable: "the Repository's backend can't be mounted into this workload",
  VolumeMissing: "a mount names a volume that the workload does not have",
  MountUnusable: "a mount can't be made in the container: no kubelet would start the pods with it",
  MountTaken: "another volume is mounted in the container where a member wants its own",
  SettingsInvalid: "settings of an invoker would make the API server refuse the workload",
  NameTaken: "a container of the application has the name that ours needs",
  NameMissing: "the workload has no name yet; the container is added when it has one",
  OtherOperatingSystem: "the workload's pods do not run Linux",
  AnnotationInvalid: "an annotation of the workload can't be read",
  InvokerInvalid: "an invoker that names the workload can't be read",
  InjectionConflict: "another controller keeps reverting the injection",
  InjectionRefusedByCluster: "the cluster refuses the workload's pods with the container, so it is left out",
  HeldForTurn: "a running workload is restored when its turn has come",
  CachesNotSynced: "the webhook has not read the cluster's state yet",
} as const;

export type InjectionReason = keyof typeof INJECTION_REASONS;

/** Why a member of a session or restore does not start yet. */
const HOLD_REASONS = {
  EarlierMemberRunning: "a member that comes earlier has not ended",
  DependencyRunning: "a member that this one depends on has not ended",
  GlobalHookRunning: "the global before-hook has not ended",
  PodNotReady: "no ready pod of the target carries the container yet",
  OldPodsRunning: "pods that mount what is to be restored still run",
  TargetMissing: "the target does not exist yet",
  RepositoryNotReady: "the Repository or its Secret is not there yet",
  OtherSessionRunning: "another session of the same target has not ended",
  MemberHookRunning: "the member's before-hook has not ended",
  RecoveryPointWanted: "the recovery points of the repository are being looked for",
} as const;

export type HoldReason = keyof typeof HOLD_REASONS;

/** Why a session was skipped. */
export const SKIP_REASONS = {
  InvokerNotReady: "the invoker is not ready",
  PreviousSessionRunning: "another session of the same invoker is running",
  InvokerNotFound: "the invoker does not exist",
  RestoreRunning: "a restore of one of the targets is running",
  NoMembers: "the batch has no members",
} as const;

export type SkipReason = keyof typeof SKIP_REASONS;

/** Types of conditions. */
export const ConditionType = {
  RepositoryFound: "RepositoryFound",
  BackendSecretFound: "BackendSecretFound",
  ValidationPassed: "ValidationPassed",
  BackupTargetFound: "BackupTargetFound",
  StashSidecarInjected: "StashSidecarInjected",
  StashInitContainerInjected: "StashInitContainerInjected",
  CronJobCreated: "CronJobCreated",
  BackupSkipped: "BackupSkipped",
  BackupExecutorEnsured: "BackupExecutorEnsured",
  BackendRepositoryInitialized: "BackendRepositoryInitialized",
  GlobalPreBackupHookSucceeded: "GlobalPreBackupHookSucceeded",
  GlobalPostBackupHookSucceeded: "GlobalPostBackupHookSucceeded",
  PreBackupHookExecutionSucceeded: "PreBackupHookExecutionSucceeded",
  PostBackupHookExecutionSucceeded: "PostBackupHookExecutionSucceeded",
  RetentionPolicyApplied: "RetentionPolicyApplied",
  RepositoryIntegrityVerified: "RepositoryIntegrityVerified",
  RepositoryMetricsPushed: "RepositoryMetricsPushed",
  BackupDisrupted: "BackupDisrupted",
  DeadlineExceeded: "DeadlineExceeded",
  BackupHistoryCleaned: "BackupHistoryCleaned",
  MetricsPushed: "MetricsPushed",
  RestoreTargetFound: "RestoreTargetFound",
  GlobalPreRestoreHookSucceeded: "GlobalPreRestoreHookSucceeded",
  GlobalPostRestoreHookSucceeded: "GlobalPostRestoreHookSucceeded",
  RestoreExecutorEnsured: "RestoreExecutorEnsured",
  RestoreJobCreated: "RestoreJobCreated",
  /** Ours: False when other pods mount the volume claims that a job fills. */
  VolumesFree: "VolumesFree",
  PreRestoreHookExecutionSucceeded: "PreRestoreHookExecutionSucceeded",
  PostRestoreHookExecutionSucceeded: "PostRestoreHookExecutionSucceeded",
  RestoreCompleted: "RestoreCompleted",
  /** Ours: True on a restore that tells what it would do, and changes nothing. */
  DryRun: "DryRun",
  /** Ours: late, missed or stale backups; True when something is wrong. */
  BackupStale: "BackupStale",
  /** Ours: False when a restore leaves out hosts of its recovery point. */
  PointRestoredWhole: "PointRestoredWhole",
  /** Ours: False when files could not be read and so are not in the backup. */
  AllFilesRead: "AllFilesRead",
  InjectionConflict: "InjectionConflict",
  /** Ours: of a drill and its verifier, whether the last recovery point that was tried came back whole. */
  RecoveryProven: "RecoveryProven",
  /** Ours: of a Repository, True while another restic repository is where the known one was. */
  RepositoryReplaced: "RepositoryReplaced",
  /** The three that tools know, on every kind: shared/status/readiness.ts. */
  Ready: "Ready",
  Reconciling: "Reconciling",
  Stalled: "Stalled",
} as const;

export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

/** Reasons of conditions, upstream's words first. */
export const CONDITION_REASONS = {
  RepositoryAvailable: "the Repository exists",
  RepositoryNotAvailable: "the Repository does not exist or is being deleted",
  UnableToCheckRepositoryAvailability: "the API server did not say whether the Repository exists",
  BackendSecretAvailable: "the backend Secret exists",
  BackendSecretNotAvailable: "the backend Secret does not exist",
  UnableToCheckBackendSecretAvailability: "the API server did not say whether the backend Secret exists",
  ResourceValidationPassed: "the object is valid and allowed",
  ResourceValidationFailed: "the object is invalid or not allowed",
  TargetAvailable: "the target exists",
  TargetNotAvailable: "the target does not exist",
  UnableToCheckTargetAvailability: "the API server did not say whether the target exists",
  SidecarInjectionSucceeded: "every pod of the target carries the sidecar",
  SidecarInjectionFailed: "the sidecar could not be added",
  SidecarInjectionPending: "the workload is being re-submitted, or its rollout has not ended",
  SidecarWaitsForPodRestart: "the update strategy keeps some pods as they are until they are restarted",
  InitContainerInjectionSucceeded: "the init-container was added",
  InitContainerInjectionFailed: "the init-container could not be added",
  CronJobCreationSucceeded: "a CronJob triggers the sessions",
  CronJobCreationFailed: "the CronJob could not be made",
  InProcessSchedule: "the reconciler itself triggers the sessions",
  ScheduleInvalid: "the schedule can't be read or never fires",
  SkippedTakingNewBackup: "no backup was taken",
  SuccessfullyEnsuredBackupExecutor: "what runs the backup is there",
  FailedToEnsureBackupExecutor: "what runs the backup could not be provided",
  BackendRepositoryFound: "the restic repository exists",
  FailedToInitializeBackendRepository: "the restic repository could not be opened or made",
  GlobalPreBackupHookExecutedSuccessfully: "the global preBackup hook succeeded",
  GlobalPreBackupHookExecutionFailed: "the global preBackup hook failed",
  GlobalPostBackupHookExecutedSuccessfully: "the global postBackup hook succeeded, or its policy skipped it",
  GlobalPostBackupHookExecutionFailed: "the global postBackup hook failed",
  SuccessfullyExecutedPreBackupHook: "the preBackup hook succeeded",
  FailedToExecutePreBackupHook: "the preBackup hook failed",
  SuccessfullyExecutedPostBackupHook: "the postBackup hook succeeded, or its policy skipped it",
  FailedToExecutePostBackupHook: "the postBackup hook failed",
  HostsNotRestored: "hosts of the recovery point have no place in the workload, and were not restored",
  FilesUnreadable: "some files could not be read, and are not in the backup",
  SuccessfullyAppliedRetentionPolicy: "old snapshots were removed as the policy says",
  FailedToApplyRetentionPolicy: "the retention policy could not be applied",
  SuccessfullyVerifiedRepositoryIntegrity: "restic check found no error",
  FailedToVerifyRepositoryIntegrity: "restic check found errors or could not run",
  SuccessfullyPushedRepositoryMetrics: "size and counts of the repository were read",
  FailedToPushRepositoryMetrics: "size and counts of the repository could not be read",
  FailedToCompleteDueToDisruption: "what ran the backup was lost",
  FailedToCompleteWithinDeadline: "the deadline passed before the end",
  SuccessfullyCleanedBackupHistory: "old sessions were removed as the limit says",
  FailedToCleanBackupHistory: "old sessions could not be removed",
  SuccessfullyPushedMetrics: "everything was recorded; the session is final",
  FailedToPushMetrics: "metrics could not be recorded",
  GlobalPreRestoreHookExecutedSuccessfully: "the global preRestore hook succeeded",
  GlobalPreRestoreHookExecutionFailed: "the global preRestore hook failed",
  GlobalPostRestoreHookExecutedSuccessfully: "the global postRestore hook succeeded, or its policy skipped it",
  GlobalPostRestoreHookExecutionFailed: "the global postRestore hook failed",
  SuccessfullyEnsuredRestoreExecutor: "what runs the restore is there",
  FailedToEnsureRestoreExecutor: "what runs the restore could not be provided",
  NothingChanged: "the restore is a dry run: it changes nothing",
  NoOtherPods: "no pod of somebody else mounts the volume claims that are filled",
  VolumesInUse: "other pods mount the volume claims that are filled",
  RestoreJobCreationSucceeded: "the restore job was made",
  RestoreJobCreationFailed: "the restore job could not be made",
  SuccessfullyExecutedPreRestoreHook: "the preRestore hook succeeded",
  FailedToExecutePreRestoreHook: "the preRestore hook failed",
  SuccessfullyExecutedPostRestoreHook: "the postRestore hook succeeded, or its policy skipped it",
  FailedToExecutePostRestoreHook: "the postRestore hook failed",
  PostRestoreTasksExecuted: "everything after the restore was done",
  PostRestoreTasksNotExecuted: "something after the restore is still to do",
  RecoveryPointMissing: "the wanted recovery point does not exist or lacks a member",
  NoRecentRecoveryPoint: "there has been no good recovery point for longer than twice the period",
  RecentRecoveryPoint: "the last good recovery point is recent",
  BackupsCanRun: "the next session can back everything up",
  RunPending: "the run has not started",
  RunRunning: "the run is at work",
  RunSucceeded: "the run ended well",
  RunFailed: "the run failed",
  RunSkipped: "the session made no backup",
  RunInvalid: "the restore is invalid or not allowed",
  RunUnknown: "nobody can tell how the run ended",
  RecoveryPointRestored: "a drill restored the recovery point and found it whole",
  RecoveryPointNotRestored: "a drill could not restore the recovery point, or found it not whole",
  DrillsCanRun: "drills can run",
  RepositoryUsable: "nothing is known against the repository",
  RepositoryDamaged: "a check found damage in the repository, and none has found it mended since",
  RepositoryReplaced: "another restic repository is where the known one was, and nobody has accepted it",
  RepositoryKnown: "the restic repository is the one that is known",
  RevertedByOthers: "another field manager removed the container again and again",
} as const;

export type ConditionReason = keyof typeof CONDITION_REASONS | InjectionReason | SkipReason;

/** How the status of a restore that is tried says why restic could not be asked. */
export const FILES_UNKNOWN = "files are not known: ";
