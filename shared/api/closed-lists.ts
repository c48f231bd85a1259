/** Closed lists of the API, spelled as on the wire. Light on purpose: no schema is loaded with them. */

type ValueOf<List> = List[keyof List];

export const InvokerPhase = { Invalid: "Invalid", Ready: "Ready", NotReady: "NotReady" } as const;
export type InvokerPhase = ValueOf<typeof InvokerPhase>;

export const BackupSessionPhase = {
  Pending: "Pending",
  Skipped: "Skipped",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Unknown: "Unknown",
} as const;
export type BackupSessionPhase = ValueOf<typeof BackupSessionPhase>;

/** What an ended BackupSession left: all members' data, some of it, or nothing. */
export const PointState = { Complete: "Complete", Partial: "Partial", None: "None" } as const;
export type PointState = ValueOf<typeof PointState>;

/** Why retention leaves a recovery point: the rules of the policy that keep it, or what stands above all rules. */
export const KeptBy = {
  KeepLast: "keepLast",
  KeepHourly: "keepHourly",
  KeepDaily: "keepDaily",
  KeepWeekly: "keepWeekly",
  KeepMonthly: "keepMonthly",
  KeepYearly: "keepYearly",
  KeepTags: "keepTags",
  /** The newest complete one always stays. */
  Newest: "newest",
  /** It is not complete, and too few that are complete came after it; or a clock that was ahead has dated it. */
  Waiting: "waiting",
} as const;
export type KeptBy = ValueOf<typeof KeptBy>;

/** Of one target in a BackupSession. */
export const BackupTargetPhase = {
  Pending: "Pending",
  Succeeded: "Succeeded",
  Running: "Running",
  Failed: "Failed",
} as const;
export type BackupTargetPhase = ValueOf<typeof BackupTargetPhase>;

/** Of one host in a BackupSession; upstream knows only the last two. */
export const BackupHostPhase = {
  Pending: "Pending",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
} as const;
export type BackupHostPhase = ValueOf<typeof BackupHostPhase>;

/** Of a RestoreSession and a RestoreBatch. */
export const RestorePhase = {
  Pending: "Pending",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Unknown: "Unknown",
  Invalid: "Invalid",
} as const;
export type RestorePhase = ValueOf<typeof RestorePhase>;

/** Of one member of a RestoreBatch; upstream writes Unknown too, but its own schema refuses it. */
export const RestoreMemberPhase = {
  Pending: "Pending",
  Succeeded: "Succeeded",
  Running: "Running",
  Failed: "Failed",
  Unknown: "Unknown",
} as const;
export type RestoreMemberPhase = ValueOf<typeof RestoreMemberPhase>;

/** Of one host in a restore. */
export const RestoreHostPhase = {
  Pending: "Pending",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Unknown: "Unknown",
} as const;
export type RestoreHostPhase = ValueOf<typeof RestoreHostPhase>;

export const ConditionStatus = { True: "True", False: "False", Unknown: "Unknown" } as const;
export type ConditionStatus = ValueOf<typeof ConditionStatus>;

export const ConditionSeverity = { None: "", Error: "Error", Warning: "Warning", Info: "Info" } as const;
export type ConditionSeverity = ValueOf<typeof ConditionSeverity>;

/** When a postBackup hook runs. */
export const BackupHookPolicy = {
  Always: "Always",
  OnFailure: "OnFailure",
  OnSuccess: "OnSuccess",
  OnFinalRetryFailure: "OnFinalRetryFailure",
} as const;
export type BackupHookPolicy = ValueOf<typeof BackupHookPolicy>;

/** When a postRestore hook runs. */
export const RestoreHookPolicy = { Always: "Always", OnFailure: "OnFailure", OnSuccess: "OnSuccess" } as const;
export type RestoreHookPolicy = ValueOf<typeof RestoreHookPolicy>;

export const HookType = {
  PreBackup: "preBackup",
  PostBackup: "postBackup",
  PreRestore: "preRestore",
  PostRestore: "postRestore",
} as const;
export type HookType = ValueOf<typeof HookType>;

export const HookPhase = {
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Skipped: "Skipped",
} as const;
export type HookPhase = ValueOf<typeof HookPhase>;

/** Work on the repository before a backup. */
export const PreBackupAction = { InitializeBackendRepository: "InitializeBackendRepository" } as const;
export type PreBackupAction = ValueOf<typeof PreBackupAction>;

/** Work on the repository after a backup. */
export const PostBackupAction = {
  ApplyRetentionPolicy: "ApplyRetentionPolicy",
  VerifyRepositoryIntegrity: "VerifyRepositoryIntegrity",
  SendRepositoryMetrics: "SendRepositoryMetrics",
} as const;
export type PostBackupAction = ValueOf<typeof PostBackupAction>;

/** Work that the reconciler gives to one host. */
export const HostAction = {
  ...PreBackupAction,
  ...PostBackupAction,
  /** Reads a part of the packs and compares their contents with their hashes. */
  VerifyRepositoryData: "VerifyRepositoryData",
  /** Takes what no snapshot needs any more out of the repository. */
  PruneRepository: "PruneRepository",
  /** Removes snapshots that somebody deletes, and the data that nothing else needs with them. */
  DeleteSnapshots: "DeleteSnapshots",
} as const;
export type HostAction = ValueOf<typeof HostAction>;

/** How far a maintenance of a Repository is. Stopped: a backup or restore came, or its window closed. */
export const MaintenancePhase = {
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Stopped: "Stopped",
} as const;
export type MaintenancePhase = ValueOf<typeof MaintenancePhase>;

export const HostActionPhase = { Running: "Running", Succeeded: "Succeeded", Failed: "Failed" } as const;
export type HostActionPhase = ValueOf<typeof HostActionPhase>;

/** What made a BackupSession. */
export const SessionTrigger = { Scheduled: "Scheduled", Instant: "Instant", Retry: "Retry" } as const;
export type SessionTrigger = ValueOf<typeof SessionTrigger>;

/** What becomes of a workload whose restore failed. */
export const OnVolumesInUse = { Restore: "Restore", Wait: "Wait" } as const;
export type OnVolumesInUse = ValueOf<typeof OnVolumesInUse>;

export const OnRestoreFailure = { Hold: "Hold", Start: "Start" } as const;
export type OnRestoreFailure = ValueOf<typeof OnRestoreFailure>;

/** Which namespaces may use a Repository. */
export const AllowedNamespacesFrom = { All: "All", Selector: "Selector", Same: "Same" } as const;
export type AllowedNamespacesFrom = ValueOf<typeof AllowedNamespacesFrom>;

/** What a HostRun orders. */
export const HostRunWork = {
  Backup: "Backup",
  Restore: "Restore",
  /** What a restore would do; nothing is written. A name of its own: whoever does not know it does nothing. */
  TryRestore: "TryRestore",
  /** Work on the repository alone. */
  Maintain: "Maintain",
  Hook: "Hook",
  /** Compares what a drill has restored with the snapshots that it came from. */
  Verify: "Verify",
  /** No order: it keeps what the status of a large run has no room for. */
  Record: "Record",
} as const;
export type HostRunWork = ValueOf<typeof HostRunWork>;

/** Of a HostRun: how far its pod says that it is. */
export const HostRunPhase = { Running: "Running", Succeeded: "Succeeded", Failed: "Failed" } as const;
export type HostRunPhase = ValueOf<typeof HostRunPhase>;

/** When an init-container that has no turn lets the application start. */
export const ReleaseMode = {
  Always: "Always",
  /** Unless this pod had begun to write and its data is not whole. */
  IfWhole: "IfWhole",
  /** Not before another restore brings its data: this one failed. */
  Never: "Never",
} as const;
export type ReleaseMode = ValueOf<typeof ReleaseMode>;

/** How far a drill looks at what came back. */
export const VerificationType = {
  /** What was restored is compared with the snapshots. */
  RestoreOnly: "RestoreOnly",
  /** Statements are asked of the restored databases too. */
  Query: "Query",
  /** A container of the user's looks at all that was restored. */
  Script: "Script",
} as const;
export type VerificationType = ValueOf<typeof VerificationType>;

/** Which recovery point a drill restores. */
export const PointChoice = { Newest: "Newest", Random: "Random", Named: "Named" } as const;
export type PointChoice = ValueOf<typeof PointChoice>;

export const VerificationPhase = {
  Pending: "Pending",
  Running: "Running",
  Succeeded: "Succeeded",
  Failed: "Failed",
  Skipped: "Skipped",
} as const;
export type VerificationPhase = ValueOf<typeof VerificationPhase>;

/** What a drill is about to do, or does. Each is written down before it begins. */
export const VerificationStep = {
  Pending: "Pending",
  /** Servers for databases are being started. */
  Starting: "Starting",
  Restoring: "Restoring",
  Verifying: "Verifying",
  Scripting: "Scripting",
  Cleaning: "Cleaning",
  Done: "Done",
} as const;
export type VerificationStep = ValueOf<typeof VerificationStep>;

/** What a restored member of a drill consists of. */
export const RestoredModel = { Files: "Files", Database: "Database" } as const;
export type RestoredModel = ValueOf<typeof RestoredModel>;
