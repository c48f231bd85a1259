/** All snapshots of one session: what an application can be taken back to. */
import {
  count,
  int64,
  list,
  longList,
  namespaceText,
  nameText,
  object,
  optional,
  required,
  text,
  time,
  type Value,
} from "./schema.ts";
import { targetRefSchema } from "./target.ts";

const origin = {
  session: optional(nameText, "BackupSession that made it."),
  time: optional(time, "When that session was due or was made."),
  unreadableFiles: optional(count, "Files that could not be read and are not in it."),
};

export const recoveryPointRefSchema = object(origin);
export type RecoveryPointRef = Value<typeof recoveryPointRefSchema>;

export const chosenSnapshotSchema = object({
  target: optional(targetRefSchema, "Whose data it is."),
  hostname: optional(text, "Host that it was made on."),
  path: optional(text, "Path that was backed up, or name of the dump."),
  id: optional(text, "Id of the snapshot."),
  hosts: optional(count, "How many hosts its target had."),
});

const snapshots = optional(longList(chosenSnapshotSchema), "Snapshots that belong to it.");

/** The recovery point that a restore settled on, with the snapshots that it reads. */
export const chosenRecoveryPointSchema = object({
  namespace: optional(namespaceText, "Namespace of that BackupSession."),
  cluster: optional(text, "uid of the kube-system of the cluster that made it."),
  ...origin,
  snapshots,
});
export type ChosenRecoveryPoint = Value<typeof chosenRecoveryPointSchema>;

/** What a look into the repository found, until the recovery point is chosen. Written by the job that looked. */
export const pointSearchSchema = object({
  generation: required(int64, "Generation of the restore that was looked for."),
  finishedAt: required(time, "When the look ended."),
  found: required(count, "Recovery points in the repository."),
  points: optional(list(chosenRecoveryPointSchema), "Those that the restore may take, or a person may choose from."),
});
export type PointSearch = Value<typeof pointSearchSchema>;
