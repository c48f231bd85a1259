/**
 * HostRun: the order that the reconciler gives to one pod for one host, and that pod's report. The spec is all that an agent
 * needs, and nobody but the reconciler writes it; the status is written by the one pod that the spec names.
 */
import { appSecretRefSchema, clientConfigSchema, secretTransformSchema } from "./app-binding.ts";
import { resolvedRepositorySchema } from "./backend.ts";
import { HostAction, HostRunPhase, HostRunWork, OnRestoreFailure, ReleaseMode } from "./closed-lists.ts";
import { conditionsSchema } from "./condition.ts";
import { hookResultSchema } from "./hook-result.ts";
import { handlerSchema } from "./hooks.ts";
import {
  hostActionParamsSchema,
  hostActionResultSchema,
  hostProgressSchema,
  MAX_LISTED_LOCKS,
  repositoryLockSchema,
  restoredSnapshotSchema,
  snapshotStatsSchema,
  triedRestoreSchema,
} from "./host-stats.ts";
import { KINDS } from "./kinds.ts";
import { listedSnapshotsSchema } from "./listed-snapshot.ts";
import { objectMetaSchema, typeMeta } from "./object-meta.ts";
import { parserOf } from "./parse.ts";
import { chosenRecoveryPointSchema, listedPointsSchema, pointSearchSchema } from "./recovery-point.ts";
import { retentionPolicySchema } from "./retention-policy.ts";
import {
  count,
  flag,
  int32,
  int64,
  list,
  longList,
  object,
  oneOf,
  optional,
  recordedText,
  required,
  shortList,
  text,
  time,
  type Value,
} from "./schema.ts";
import { ruleSchema, targetRefSchema } from "./target.ts";
import { verifyOrderSchema, verifyResultSchema } from "./verification.ts";

const namedKindSchema = object({
  kind: required(text, "Kind."),
  namespace: optional(text, "Namespace."),
  name: required(text, "Name."),
});

const runRefSchema = object({
  kind: required(text, "Kind of the session or restore."),
  name: required(text, "Its name, in the same namespace."),
  uid: optional(text, "Its uid; unset where it is gone."),
});

const backupOrderSchema = object({
  invoker: required(namedKindSchema, "What the session is a run of."),
  cluster: optional(text, "uid of the cluster's kube-system: part of the snapshots' tags."),
  hosts: optional(int32, "How many hosts the target has."),
  members: optional(int32, "How many targets the session has."),
  time: optional(time, "When the session was due, or made."),
  paths: optional(list(text), "Paths to back up, one snapshot each."),
  exclude: optional(list(text), "Patterns of files to leave out."),
  args: optional(list(text), "Further arguments for restic backup."),
  leftOut: optional(
    list(text),
    "What of the application's data the paths do not hold, one sentence each: the pod tells it as warnings.",
  ),
});

const restoreOrderSchema = object({
  rules: optional(list(ruleSchema), "What is restored on which host."),
  point: optional(chosenRecoveryPointSchema, "Recovery point that is restored."),
  args: optional(list(text), "Further arguments for restic restore."),
  onFailure: optional(oneOf(OnRestoreFailure), "What the pod does when its restore failed."),
});

const hooksOrderSchema = object({
  before: optional(handlerSchema, "Runs before the work."),
  after: optional(handlerSchema, "Runs after the work."),
  afterPolicy: optional(text, "On which outcome it runs."),
});

/** What templates of a hook see that belongs to no host. */
const hookContextSchema = object({
  name: optional(text, "Name of the session or restore."),
  invoker: optional(
    object({
      apiGroup: optional(text, "API group."),
      kind: required(text, "Kind."),
      name: required(text, "Name."),
    }),
    "What it is a run of.",
  ),
  phase: optional(text, "How it has gone so far."),
  duration: optional(text, "How long it has taken."),
  error: optional(text, "What failed first."),
  timeoutSeconds: optional(int32, "How long the hook may take."),
});

const retentionOrderSchema = object({
  policy: optional(retentionPolicySchema, "What is kept."),
  hosts: optional(longList(text), "Hosts whose snapshots without tags are the invoker's too."),
  paths: optional(longList(text), "Paths of those snapshots."),
  incomplete: optional(
    longList(text),
    "Sessions (NAMESPACE/NAME) that are known to have saved a part only, whatever tags say.",
  ),
});

const searchOrderSchema = object({
  generation: required(int64, "Generation of the restore that is looked for."),
  session: optional(text, "BackupSession that is wanted."),
  asOf: optional(time, "Newest time that is wanted."),
  members: optional(
    list(
      object({
        ref: optional(targetRefSchema, "Which member."),
        alias: optional(text, "Its alias."),
        rules: optional(list(ruleSchema), "What is restored on which host."),
      }),
    ),
    "What a point must have data for.",
  ),
});

/** A part of a run's status, as JSON. */
const recordedPieceSchema = object({
  key: required(text, "Which part."),
  json: required(recordedText, "The part itself."),
});
export type RecordedPiece = Value<typeof recordedPieceSchema>;

/** What an agent reads of an AppBinding, without its parameters. */
const appBindingOrderSchema = object({
  namespace: required(text, "Its namespace."),
  name: required(text, "Its name."),
  type: optional(text, "Type of the application."),
  version: optional(text, "Version of the application."),
  clientConfig: required(clientConfigSchema, "How the application is reached."),
  secret: optional(appSecretRefSchema, "Credentials."),
  tlsSecret: optional(appSecretRefSchema, "Client certificate."),
  secretTransforms: optional(list(secretTransformSchema), "Changes to the credentials before they are used."),
});
export type AppBindingOrder = Value<typeof appBindingOrderSchema>;

/** An after-hook that is owed, as it was when its before-hook began. */
const owedHookSchema = object({
  target: required(text, "Which target it is about."),
  hostname: optional(text, "Which host."),
  podUID: optional(text, "Pod that had the host's turn."),
  pod: optional(text, "Name of the pod in which the before-hook ran."),
  container: optional(text, "Its container."),
  behindApp: optional(text, "AppBinding behind whose Service that pod is."),
  ranIn: optional(
    object({ pod: required(text, "Its name."), uid: required(text, "Its uid.") }),
    "Which pod that was, behind an AppBinding's Service.",
  ),
  after: required(handlerSchema, "The hook."),
  afterPolicy: optional(text, "On which outcome it runs."),
});
export type OwedHook = Value<typeof owedHookSchema>;

const hostRunSpecSchema = object({
  work: required(oneOf(HostRunWork), "What is to be done."),
  run: required(runRefSchema, "Session or restore that it is part of."),
  targetIndex: optional(int32, "Position of the target in that run."),
  target: optional(targetRefSchema, "Which target."),
  alias: optional(text, "Its alias."),
  host: required(text, "Host; also restic's --host."),
  pod: required(
    object({ name: required(text, "Its name."), uid: required(text, "Its uid.") }),
    "The one pod that this is for.",
  ),
  node: optional(text, "Node of that pod."),
  attempt: optional(int32, "Counts the turns of the host, from 1."),
  createdAt: optional(time, "When the run was made."),
  assignedAt: optional(time, "When the pod was given the host."),
  deadline: optional(time, "When the work must have ended, by the clock of assignedAt."),
  retryLeft: optional(int32, "How many more runs may follow if this one fails."),
  repository: optional(resolvedRepositorySchema, "The Repository as it was resolved."),
  disableCaching: optional(flag, "Whether restic keeps no cache."),
  backup: optional(backupOrderSchema, "What is backed up; unset when the invoker no longer names the target."),
  restore: optional(restoreOrderSchema, "What is restored."),
  release: optional(
    object({ mode: required(oneOf(ReleaseMode), "When the application may start."), message: required(text, "Why.") }),
    "The pod gets no turn: whether the application may start all the same, and why.",
  ),
  search: optional(searchOrderSchema, "Recovery points to look for."),
  verify: optional(verifyOrderSchema, "For work Verify: what was restored, and from what."),
  appBinding: optional(appBindingOrderSchema, "The application whose data it is."),
  hooks: optional(hooksOrderSchema, "Hooks that run in the pod."),
  hookContext: optional(hookContextSchema, "For work Hook."),
  actions: optional(list(oneOf(HostAction)), "Work on the repository, in order."),
  actionParams: optional(hostActionParamsSchema, "Parameters of that work."),
  retention: optional(retentionOrderSchema, "For ApplyRetentionPolicy."),
  heartbeatSeconds: optional(int32, "How often the agent says that it is alive."),
  graceSeconds: optional(int32, "How long the pod's containers have to end once they are told to."),
  cancel: optional(
    object({ reason: required(text, "Error code."), message: required(text, "Why.") }),
    "The work is to end now.",
  ),
  isOver: optional(flag, "Nothing more will be asked of this pod."),
  record: optional(
    longList(recordedPieceSchema),
    "For work Record: parts of the run's status that it has no room for.",
  ),
  owed: optional(owedHookSchema, "For work Record: an after-hook that is owed."),
});
export type HostRunSpec = Value<typeof hostRunSpecSchema>;

const hostRunStatusSchema = object({
  phase: optional(oneOf(HostRunPhase), "How far the pod is."),
  starts: optional(count, "How often what serves the host has begun: it may end in the middle of its work."),
  startedAt: optional(time, "When it started."),
  finishedAt: optional(time, "When it ended."),
  duration: optional(text, "How long it took, as Go duration text."),
  error: optional(text, "Why it failed, or what it waits for."),
  reason: optional(text, "Error code."),
  warnings: optional(list(text), "What went wrong without failing the host."),
  unreadableFiles: optional(count, "Files that could not be read."),
  progress: optional(hostProgressSchema, "How far it is."),
  snapshots: optional(list(snapshotStatsSchema), "Snapshots that were made."),
  restored: optional(list(restoredSnapshotSchema), "Snapshots that were restored."),
  tried: optional(triedRestoreSchema, "For work TryRestore: what would be done to the host's files."),
  verified: optional(verifyResultSchema, "For work Verify: what was found."),
  hooks: optional(list(hookResultSchema), "Hooks that ran in the pod."),
  results: optional(list(hostActionResultSchema), "What became of the actions."),
  locks: optional(list(repositoryLockSchema), "Locks that are in the way."),
  owner: optional(
    object({ user: required(count, "Its user."), group: required(count, "Its group.") }),
    "Whom the repository belongs to, where the pod is another user and leaves it alone.",
  ),
  pointSearch: optional(pointSearchSchema, "Recovery points that were found."),
  listedPoints: optional(
    listedPointsSchema,
    "Recovery points in the repository: of a backup those of its invoker, of a maintenance all.",
  ),
  listedSnapshots: optional(listedSnapshotsSchema, "The snapshots that were listed for it, newest first."),
  listedLocks: optional(
    object({
      seenAt: required(time, "When they were looked at."),
      locks: required(shortList(repositoryLockSchema, MAX_LISTED_LOCKS), "The locks that there were."),
    }),
    "Of a maintenance: the locks of others in the repository.",
  ),
  conditions: optional(conditionsSchema, "How it went, for tools."),
});
export type HostRunStatus = Value<typeof hostRunStatusSchema>;

export const hostRunSchema = object({
  ...typeMeta(KINDS.HostRun),
  metadata: objectMetaSchema,
  spec: hostRunSpecSchema,
  status: optional(hostRunStatusSchema, "What the pod reports."),
});
export type HostRun = Value<typeof hostRunSchema>;

/** Reads a HostRun. @throws UserError INVALID_OBJECT naming the fields */
export const parseHostRun = parserOf(KINDS.HostRun, hostRunSchema);
