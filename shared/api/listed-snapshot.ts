/** A snapshot as the repository itself tells of it, kept in the Repository's status for the Snapshot API. */
import * as Type from "typebox/type";
import { count, object, optional, required, shortList, time, type Value } from "./schema.ts";

/** As many are listed. */
export const MAX_LISTED_SNAPSHOTS = 500;
/** What restic and people write: a host's name, a user's, a path. */
const MAX_WORD = 4_096;
const MAX_WORDS = 1_000;

const word = Type.String({ maxLength: MAX_WORD });
/** restic's ids are hashes. */
const hash = Type.String({ pattern: "^[0-9a-f]{64}$", maxLength: 64 });

const listedSnapshotSchema = object({
  id: required(hash, "Its id in full."),
  time: required(time, "When it was begun."),
  hostname: required(word, "Host that was saved."),
  username: optional(word, "User that saved it."),
  uid: optional(count, "uid of that user."),
  gid: optional(count, "Its group."),
  tree: optional(hash, "Id of its root folder."),
  paths: optional(shortList(word, MAX_WORDS), "Saved paths; unset where there is no room for them."),
  tags: optional(shortList(word, MAX_WORDS), "Its tags; unset where there is no room for them."),
});
export type ListedSnapshot = Value<typeof listedSnapshotSchema>;

export const listedSnapshotsSchema = shortList(listedSnapshotSchema, MAX_LISTED_SNAPSHOTS);
