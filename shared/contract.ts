/**
 * Every name that programs outside this one can see: API groups, labels, annotations, containers, volumes, paths,
 * environment variables, flags. Nothing here has behaviour. Names of upstream Stash are kept as they are.
 */

export const STASH_GROUP = "stash.appscode.com";

/** The label of a host or object carries at most this many characters. */
export const LABEL_VALUE_MAX_LENGTH = 63;

export const Label = {
  InvokerType: "stash.appscode.com/invoker-type",
  InvokerName: "stash.appscode.com/invoker-name",
  TargetKind: "stash.appscode.com/target-kind",
  TargetName: "stash.appscode.com/target-name",
  TargetNamespace: "stash.appscode.com/target-namespace",
  /** On a workload: NAME of the BackupBatch of its namespace that it joins as an extra member. */
  BackupBatch: "stash.appscode.com/backup-batch",
  /** On pod templates with a container of ours, and so on their pods: what the reconciler chooses pods by. */
  Injected: "stash.appscode.com/injected",
  /** On a Secret: this is the copy of a backend Secret, its value is the namespace it was copied from. */
  CopiedFromNamespace: "stash.appscode.com/copied-from-namespace",
  /** On a Job and its pods: uid of the session, restore or Repository that it works for. */
  JobOwner: "stash.appscode.com/job-owner",
  /** On a Job and its pods: the target's position in its invoker, from 0. */
  JobTarget: "stash.appscode.com/job-target",
  /** On what is made for a drill: uid of its BackupVerificationSession. By it leftovers are found; what counts is the owner. */
  Drill: "stash.appscode.com/drill",
  /** On everything that was made for an agent's rights in a namespace. */
  AgentRights: "stash.appscode.com/agent-rights",
  /** On a HostRun: uid of the pod that it is for. Agents find theirs by it; what counts is the spec. */
  PodUid: "stash.appscode.com/pod-uid",
  /** On a ConfigMap of the installation's namespace: it is the order to delete a snapshot. */
  SnapshotDeletion: "stash.appscode.com/snapshot-deletion",
  /** On it: namespace of the Repository that holds the snapshot. */
  DeletionNamespace: "stash.appscode.com/snapshot-deletion-namespace",
  /** On a drill: its BackupVerifier, for people. */
  Verifier: "stash.appscode.com/verifier",
  Component: "app.kubernetes.io/component",
  ManagedBy: "app.kubernetes.io/managed-by",
  Name: "app.kubernetes.io/name",
} as const;

/**
 * Prefix of the labels by which an agent finds the sessions that concern its target with one watch; the rest of the key
 * is `targetLabelKey()` of shared/target/ref.ts, the value is "true". A session carries one such label a target.
 */
export const TARGET_LABEL_PREFIX = "target.stash.appscode.com/";

export const LabelValue = {
  ComponentBackup: "stash-backup",
  ComponentRestore: "stash-restore",
  /** Jobs that people start to look into a repository, or to work on it. */
  ComponentRepositoryWork: "stash-repository-work",
  /** In place of a target's number. */
  PointSearch: "recovery-points",
  Maintenance: "maintenance",
  SnapshotDeletion: "true",
  Verification: "verification",
  Script: "verification-script",
  DrillServer: "verification-server",
  Injected: "true",
  ManagedBy: "stash.appscode.com",
  Name: "stash",
} as const;

export const Annotation = {
  BackupBlueprint: "stash.appscode.com/backup-blueprint",
  TargetPaths: "stash.appscode.com/target-paths",
  VolumeMounts: "stash.appscode.com/volume-mounts",
  Schedule: "stash.appscode.com/schedule",
  /** Name under which a labelled workload joins its batch. */
  Alias: "stash.appscode.com/alias",
  /** Comma-separated restic exclude patterns of a labelled workload. */
  Exclude: "stash.appscode.com/exclude",
  /** On a workload: requests and limits of our containers, `requests.cpu=10m,limits.memory=1Gi`. */
  Resources: "stash.appscode.com/resources",
  /** On a workload or a namespace: image of the injected containers in place of the installation's. */
  Image: "stash.appscode.com/image",
  /** On a workload or a namespace: `true` puts the sidecar among the init-containers, `false` among the containers. */
  NativeSidecar: "stash.appscode.com/native-sidecar",
  /** `disabled` on a workload or a namespace opts out of every injection. */
  Inject: "stash.appscode.com/inject",
  /** On a workload's metadata: the reconciler asks for (re-)injection; the value is the hash that it wants to see. */
  RequestedInjection: "stash.appscode.com/requested-injection",
  /**
   * On a workload's metadata: the reconciler says that the cluster refused pods with the sidecar, so that none is injected while it
   * is there; the value is a Hold of shared/injection/hold.ts.
   */
  InjectionHeld: "stash.appscode.com/injection-held",
  /** On a workload's metadata: the reconciler says that this restore's turn has come; the value is the restore's uid. */
  RequestedRestore: "stash.appscode.com/requested-restore",
  /** On a Deployment's metadata: its owner's `spec.strategy` as JSON (`null` for none), while a restore holds it at `Recreate`. */
  KeptStrategy: "stash.appscode.com/kept-strategy",
  /** On the pod template: what the injected sidecar was built from (decimal FNV-1a-64). */
  BackupHash: "stash.appscode.com/last-applied-backup-invoker-hash",
  /** On the pod template: what the injected init-container was built from (decimal FNV-1a-64). */
  RestoreHash: "stash.appscode.com/last-applied-restore-invoker-hash",
  /** Written by upstream Stash on workload metadata; removed when its sidecar is adopted. */
  UpstreamBackupInvoker: "stash.appscode.com/last-applied-backup-invoker",
  UpstreamBackupInvokerKind: "stash.appscode.com/last-applied-backup-invoker-kind",
  UpstreamRestoreInvoker: "stash.appscode.com/last-applied-restore-invoker",
  UpstreamRestoreInvokerKind: "stash.appscode.com/last-applied-restore-invoker-kind",
  /** On a Job and its pods: host that they serve. */
  JobHost: "stash.appscode.com/job-host",
  /** On the pods of a Job: names of the containers that run our image, comma-separated. */
  JobOwnSteps: "stash.appscode.com/job-own-steps",
  /** On a Repository: check it as soon as nobody uses it. The value is free text, often a time. */
  CheckRequested: "stash.appscode.com/check-requested",
  /** On a Repository: restic's id, or its first eight characters, of one that took another's place and is meant to. */
  AcceptRepository: "stash.appscode.com/accept-repository",
  /** On a Snapshot of the Snapshot API: when its repository was listed. */
  ListedAt: "stash.appscode.com/listed-at",
  ParamsPrefix: "params.stash.appscode.com/",
  /** On what was made from a BackupBlueprint: JSON that says what it is, for whom, and from which blueprint. */
  AutoBackup: "stash.appscode.com/auto-backup",
} as const;

/** What an agent tells when there was no repository; reconcilers know by it that there was none. */
export const REPOSITORY_MADE = "the repository was made";

export const INJECT_DISABLED = "disabled";

export const Finalizer = {
  Repository: "stash",
  Invoker: "stash.appscode.com",
  /** Ours: on a session or restore whose after-hooks are owed. */
  AfterHooks: "stash.appscode.com/after-hooks",
} as const;

export const Container = {
  Sidecar: "stash",
  RestoreInit: "stash-init",
  Trigger: "stash-trigger",
  PreTaskHook: "pre-task-hook",
  PostTaskHook: "post-task-hook",
} as const;

export const Volume = {
  /** emptyDir for restic's cache and temporary files. */
  Scratch: "stash-tmp-dir",
  /** Prefix of backend Secret volumes; followed by a short hash of the Secret's name. */
  SecretPrefix: "stash-secret-",
  /** Prefix of local backend volumes; followed by a short hash of the volume source. */
  LocalPrefix: "stash-local-",
  /** Projected ServiceAccount token, cluster CA and namespace for the agent alone. */
  Identity: "stash-identity",
  PvcTarget: "stash-volume",
  Interim: "stash-interim-volume",
  /** Prefix of the volumes with an application's Secrets; followed by a short hash of the Secret's name. */
  AppSecretPrefix: "stash-app-secret-",
} as const;

export const Path = {
  Scratch: "/stash-tmp",
  ResticCache: "/stash-tmp/restic-cache",
  /** A backend Secret named S is mounted at `${Path.Secrets}/S`, one file a key. */
  Secrets: "/etc/stash/repository",
  /** Holds `token`, `ca.crt` and `namespace`. */
  Identity: "/var/run/secrets/stash.appscode.com/identity",
  /** A Secret S of an application is mounted at `${Path.AppSecrets}/S`, one file a key. */
  AppSecrets: "/etc/stash/app",
  /** Of the reconciler: the key with which evidence of drills is signed, where the installation has one. */
  EvidenceKey: "/etc/stash/evidence/key.pem",
  /** The one folder for volumes of local backends, whose place a Repository's owner chooses. */
  LocalBackends: "/safe",
  PvcTarget: "/stash-data",
  Interim: "/stash-interim-volume",
  /** A restored member of a drill is mounted at `${Path.Drill}/ALIAS`. */
  Drill: "/drill",
  /** The volume of a drill's database server is mounted there. */
  DrillServer: "/drill-server",
  /** Where the steps of a Task leave their results for the last one. */
  Output: "/stash-tmp/output",
} as const;

/** What the agent takes the scratch volume to hold where nothing says otherwise. */
export const SCRATCH_LIMIT = "1Gi";

export const Env = {
  NodeName: "NODE_NAME",
  PodName: "POD_NAME",
  PodUid: "POD_UID",
  PodNamespace: "POD_NAMESPACE",
  PodIp: "POD_IP",
  PodOrdinal: "POD_ORDINAL",
  NiceAdjustment: "NICE_ADJUSTMENT",
  IoniceClass: "IONICE_CLASS",
  IoniceClassData: "IONICE_CLASS_DATA",
  /** In a job: what its session or restore is a run of. Functions of upstream's catalogue don't say it by flags. */
  InvokerKind: "STASH_INVOKER_KIND",
  InvokerName: "STASH_INVOKER_NAME",
  /** In a job: host of the application, to which HTTP and TCP hooks go by default. */
  AppHost: "STASH_APP_HOST",
  /** How much the scratch volume holds, where that is less than SCRATCH_LIMIT: a quantity. */
  ScratchLimit: "STASH_SCRATCH_LIMIT",
  /** How much of its node the container may store, in bytes, whoever limited it; what the node has where nobody did. */
  StorageLimit: "STASH_STORAGE_LIMIT",
  /** How long restic may stand still: a duration; `0` for as long as it likes. */
  StallLimit: "STASH_STALL_LIMIT",
  /** In a job that a person started: the Repository as JSON, without its Secret. */
  Repository: "STASH_REPOSITORY",
  /** Program to run instead of `restic` on the PATH. */
  Restic: "STASH_RESTIC",
} as const;

/** First argument of the image's program; those of databases are in `databases.ts`. */
export const Command = {
  Webhook: "webhook",
  Reconciler: "reconciler",
  RunBackup: "run-backup",
  Restore: "restore",
  BackupPvc: "backup-pvc",
  RestorePvc: "restore-pvc",
  UpdateStatus: "update-status",
  RunHook: "run-hook",
  /** The hook of a whole session or restore, in a Job of its own. */
  GlobalHook: "global-hook",
  Maintain: "maintain",
  /** Compares what a drill has restored with the snapshots that it came from. */
  Verify: "verify",
  FindRecoveryPoints: "find-recovery-points",
  CreateBackupSession: "create-backupsession",
  /** Runs restic on the Repository that the environment names, for a person: arguments, input and output are restic's. */
  Restic: "restic",
  /** Waits for commands that a person runs in the container, and ends when none came for a while. */
  RepositoryShell: "repository-shell",
  /** Tells what a restore of a snapshot would write over in this pod, for a person. Nothing is written. */
  TryRestore: "try-restore",
  /** Adds a password to a repository; it comes on the first line of the input. */
  AddKey: "add-key",
  /** Not for manifests: what `run-backup` starts for one session, so that the idle process stays small. */
  Work: "work",
} as const;

/** restic tags on every snapshot; the value follows the `=`. */
export const SnapshotTag = {
  Session: "session=",
  Invoker: "invoker=",
  Target: "target=",
  /** When the session was due, or made: what `asOf` looks at. */
  Time: "time=",
  /** How many paths of the host the session saves: fewer snapshots than that are no whole host. */
  Paths: "paths=",
  /** How many hosts the member has in the session: fewer than that are no whole member. */
  Hosts: "hosts=",
  /** Position of the member in its session, from 1, and how many there are, as `2/3`. */
  Member: "member=",
  /** So many files could not be read. */
  Unreadable: "unreadable=",
  /** Not all that was wanted is in it; the value is the error code. It belongs to no recovery point. */
  Incomplete: "incomplete=",
  /** On a small snapshot that holds no data: the snapshot that it speaks of. */
  VerdictOf: "verdict-of=",
  /** On the same: a tag of the snapshot that it speaks of, such as `verdict=incomplete=FILES_UNREADABLE`. */
  Verdict: "verdict=",
} as const;

/** Kinds that are backed up by a sidecar and restored by an init-container when no task is named. */
export const SIDECAR_KINDS = ["Deployment", "StatefulSet", "DaemonSet", "DeploymentConfig"] as const;

export const Driver = { Restic: "Restic", VolumeSnapshotter: "VolumeSnapshotter" } as const;
export const ExecutionOrder = { Parallel: "Parallel", Sequential: "Sequential" } as const;
export const FailurePolicy = { Continue: "Continue", FailFast: "FailFast" } as const;

/** One lease a program; the holder alone writes. */
export const LeaseName = { Reconciler: "stash-batch-reconciler", Certs: "stash-batch-certs" } as const;

/** Webhook service, secrets and configurations of an installation. */
export const Install = {
  Namespace: "stash-batch",
  WebhookService: "stash-batch-webhook",
  ServingSecret: "stash-batch-serving-cert",
  /** The authority's certificate and key, which the webhook alone reads. */
  AuthoritySecret: "stash-batch-ca",
  MutatingConfiguration: "stash-batch",
  ValidatingConfiguration: "stash-batch",
  /** Upstream's name: the API server gives it by group and version. */
  SnapshotApiService: "v1alpha1.repositories.stash.appscode.com",
  AgentRole: "stash-batch-agent",
} as const;
