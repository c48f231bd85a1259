/** A host's entry in the status of a session: made by the reconciler, then written by the agent of that host alone. */
import * as Type from "typebox/type";
import { BackupHostPhase, HostAction, HostActionPhase, RestoreHostPhase } from "./closed-lists.ts";
import { hookResultSchema } from "./hook-result.ts";
import {
  count,
  flag,
  int32,
  int64,
  list,
  longList,
  nameText,
  object,
  oneOf,
  optional,
  required,
  shortList,
  text,
  time,
  type Value,
} from "./schema.ts";

export const hostProgressSchema = object({
  percent: optional(Type.Number({ minimum: 0, maximum: 100 }), "Share of the bytes that is done."),
  bytesDone: optional(count, "Bytes done."),
  bytesTotal: optional(count, "Bytes known so far."),
  filesDone: optional(count, "Files done."),
  filesTotal: optional(count, "Files known so far."),
  etaSeconds: optional(count, "Seconds that are left at this pace."),
  heartbeat: required(time, "When the agent last said that it is alive."),
});
export type HostProgress = Value<typeof hostProgressSchema>;

/** Lock in a repository, as restic tells it. */
export const repositoryLockSchema = object({
  id: required(text, "Id of the lock."),
  host: optional(text, "Host name of its owner."),
  user: optional(text, "User of its owner."),
  pid: optional(int64, "Process of its owner."),
  createdAt: optional(time, "When it was taken or last refreshed."),
  exclusive: optional(flag, "Whether no other process may use the repository."),
});
export type RepositoryLock = Value<typeof repositoryLockSchema>;

/** As many are listed. */
export const MAX_LISTED_LOCKS = 20;

export const hostActionResultSchema = object({
  action: required(oneOf(HostAction), "Which work it was."),
  phase: required(oneOf(HostActionPhase), "How far it is."),
  reason: optional(text, "Error code."),
  message: optional(text, "Why it failed, or what it found."),
  starts: optional(count, "How often it was begun."),
  startedAt: optional(time, "When it started."),
  finishedAt: optional(time, "When it ended."),
  kept: optional(count, "Snapshots that retention kept."),
  removed: optional(count, "Snapshots that retention removed."),
  totalSizeBytes: optional(count, "Size of the repository."),
  snapshotCount: optional(count, "Snapshots in the repository."),
  integrity: optional(flag, "Whether the check found no fault."),
  repositoryID: optional(nameText, "restic's id of the repository, where it was known."),
});
export type HostActionResult = Value<typeof hostActionResultSchema>;

export const hostActionParamsSchema = object({
  readDataSubset: optional(text, "Part of the packs to read, as restic's --read-data-subset takes it."),
  removableLocks: optional(longList(text), "Ids of locks whose owner is known to be gone."),
  snapshots: optional(list(text), "For DeleteSnapshots: ids in full."),
});

export const formerPodSchema = object({
  pod: optional(nameText, "Name of the pod."),
  podUID: optional(text, "Its uid."),
  assignedAt: optional(time, "When it was given the work."),
});

const reportProperties = {
  position: optional(count, "Place among all hosts of the target, where not all of them are listed."),
  hostname: optional(nameText, "Host; also restic's --host."),
  duration: optional(text, "How long it took, as Go duration text."),
  error: optional(text, "Why it failed."),
  reason: optional(text, "Error code."),
  warnings: optional(longList(text), "What went wrong without failing the host."),
  unreadableFiles: optional(count, "Files that could not be read."),
  pod: optional(nameText, "Pod that serves the host."),
  podUID: optional(text, "Its uid, so that a new pod of the same name is not taken for it."),
  node: optional(nameText, "Node of that pod."),
  attempt: optional(int32, "Counts the pods that were given the host, from 1."),
  assignedAt: optional(time, "When the pod was given the host, or the host began to wait for one."),
  formerPods: optional(list(formerPodSchema), "Pods that had the host before and were lost."),
  starts: optional(count, "How often the agent began with the host: it may end in the middle of its work."),
  startedAt: optional(time, "When the agent started."),
  finishedAt: optional(time, "When the agent ended."),
  progress: optional(hostProgressSchema, "How far the agent is."),
  hooks: optional(list(hookResultSchema), "Hooks that the agent ran."),
  actions: optional(list(oneOf(HostAction)), "Work on the repository that the reconciler gave to this host."),
  actionParams: optional(hostActionParamsSchema, "Parameters of that work."),
  results: optional(list(hostActionResultSchema), "What became of that work."),
  locks: optional(longList(repositoryLockSchema), "Locks that the agent found in its way."),
};

/** One restic snapshot that a backup made. */
export const snapshotStatsSchema = object({
  name: optional(text, "Id of the snapshot."),
  path: optional(text, "Path that was backed up, or name of the dump."),
  totalSize: optional(text, "Size of the data, for people."),
  uploaded: optional(text, "What the repository grew by, for people."),
  processingTime: optional(text, "Minutes and seconds that it took."),
  sizeBytes: optional(count, "Size of the data."),
  uploadedBytes: optional(count, "What the repository grew by."),
  unreadableFiles: optional(count, "Files that could not be read and are not in it."),
  time: optional(time, "Time of the snapshot."),
  fileStats: optional(
    object({
      totalFiles: optional(int64, "All."),
      newFiles: optional(int64, "Those that are new."),
      modifiedFiles: optional(int64, "Those that changed."),
      unmodifiedFiles: optional(int64, "Those that did not change."),
    }),
    "Counts of files.",
  ),
});
export type SnapshotStats = Value<typeof snapshotStatsSchema>;

export const hostStatsSchema = object({
  ...reportProperties,
  phase: optional(oneOf(BackupHostPhase), "How far the host is."),
  snapshots: optional(longList(snapshotStatsSchema), "Snapshots that were made."),
  snapshotCount: optional(count, "How many were made, where not all of them are listed."),
});
export type HostStats = Value<typeof hostStatsSchema>;

/** One restic snapshot that was restored. */
export const restoredSnapshotSchema = object({
  id: optional(text, "Id of the snapshot."),
  path: optional(text, "Path that was restored."),
  time: optional(time, "Time of the snapshot."),
  sizeBytes: optional(count, "Bytes restored."),
  files: optional(count, "Files restored."),
});
export type RestoredSnapshot = Value<typeof restoredSnapshotSchema>;

/** As many files that would be written over are named. */
export const MAX_TOLD_FILES = 20;

/** What a restore would do on a host, by restic's own dry run in the pod that has the files. */
export const triedRestoreSchema = object({
  newFiles: required(count, "Files that are not there and would be made."),
  changedFiles: required(count, "Files that are there with other content and would be written over."),
  sameFiles: required(count, "Files that are there as they are in the snapshot."),
  totalBytes: required(count, "Size of all of them."),
  writtenBytes: required(count, "Size of those that would be written."),
  overwritten: optional(shortList(text, MAX_TOLD_FILES), "Some of those that would be written over."),
  snapshots: optional(list(restoredSnapshotSchema), "Snapshots that would be restored."),
  snapshotCount: optional(count, "How many would be restored, where not all of them are listed."),
});
export type TriedHost = Value<typeof triedRestoreSchema>;

export const restoreHostStatsSchema = object({
  ...reportProperties,
  tried: optional(triedRestoreSchema, "With dryRun: what would be done to the host's files."),
  phase: optional(oneOf(RestoreHostPhase), "How far the host is."),
  snapshots: optional(longList(restoredSnapshotSchema), "Snapshots that were restored."),
  snapshotCount: optional(count, "How many were restored, where not all of them are listed."),
});
export type RestoreHostStats = Value<typeof restoreHostStatsSchema>;
