/** All snapshots of one session: what an application can be taken back to. */
import { KeptBy, VerificationType } from "./closed-lists.ts";
import {
  count,
  flag,
  int64,
  list,
  longList,
  namespaceText,
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
import { targetRefSchema } from "./target.ts";

const origin = {
  session: optional(nameText, "BackupSession that made it."),
  time: optional(time, "When that session was due or was made."),
  unreadableFiles: optional(count, "Files that could not be read and are not in it."),
};

export const recoveryPointRefSchema = object(origin);

/** As many are listed. */
export const MAX_LISTED_POINTS = 100;

const listedMemberSchema = object({
  position: optional(count, "Place among the members of its session, from 1."),
  alias: optional(nameText, "Alias of the member, as far as the names of its hosts tell."),
  kind: optional(nameText, "Kind of its target."),
  name: optional(nameText, "Name of its target."),
  complete: required(flag, "Whether all its hosts are in the point, each with all its paths."),
  hosts: optional(count, "Hosts of which data is in the point."),
  sizeBytes: optional(count, "Size of its data; unset where restic wrote none down."),
});
export type ListedMember = Value<typeof listedMemberSchema>;

/** That a recovery point was restored by a drill, and what came back. */
export const provenSchema = object({
  by: required(nameText, "BackupVerificationSession that restored it."),
  session: optional(nameText, "BackupSession that made the recovery point."),
  time: required(time, "When it was proven."),
  type: optional(oneOf(VerificationType), "How far what came back was looked at."),
  recoverySeconds: optional(count, "How long the recovery took."),
  summary: optional(text, "What came back, for people."),
});
export type Proven = Value<typeof provenSchema>;

/** A recovery point as the repository itself tells of it. */
const listedPointSchema = object({
  namespace: optional(namespaceText, "Namespace of its BackupSession."),
  session: required(nameText, "BackupSession that made it."),
  invoker: optional(
    object({ kind: optional(nameText, "Kind."), name: optional(nameText, "Name.") }),
    "What that was a run of, in the same namespace.",
  ),
  cluster: optional(nameText, "uid of the kube-system of the cluster that made it; unset where it is this one."),
  time: required(time, "When that session was due or was made."),
  complete: required(flag, "Whether every host of every member is in it."),
  memberCount: optional(count, "Members that the session had."),
  members: optional(list(listedMemberSchema), "Those that have data in it; unset where there is no room for them."),
  sizeBytes: optional(count, "Size of all its data; unset where restic did not write all of it down."),
  unreadableFiles: optional(count, "Files that could not be read and are not in it."),
  keptBy: optional(
    shortList(oneOf(KeptBy), Object.keys(KeptBy).length),
    "Why the last retention left it; unset where none looked at it.",
  ),
  proven: optional(provenSchema, "The last drill that restored it and found it whole."),
});
export type ListedPoint = Value<typeof listedPointSchema>;

export const listedPointsSchema = shortList(listedPointSchema, MAX_LISTED_POINTS);

export const chosenSnapshotSchema = object({
  target: optional(targetRefSchema, "Whose data it is."),
  hostname: optional(text, "Host that it was made on."),
  path: optional(text, "Path that was backed up, or name of the dump."),
  id: optional(text, "Id of the snapshot."),
  hosts: optional(count, "How many hosts its target had."),
  paths: optional(count, "How many paths its host had, where it had several."),
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
