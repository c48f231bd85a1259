/** The order to look at what a drill has restored, and what was found. */
import { RestoredModel } from "./closed-lists.ts";
import {
  count,
  duration,
  flag,
  list,
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

/** As many findings of one member are told in full; the rest is counted. */
export const MAX_TOLD_FINDINGS = 20;
/** As many tables of one member are told by name; the rest is counted. */
export const MAX_TOLD_TABLES = 200;
/** Reasons are few; each is told once. */
export const MAX_UNPROVEN = 20;

/** What an answer must be. */
const expectationSchema = object({
  equals: optional(text, "The answer itself, as text."),
  min: optional(text, "The smallest number that will do."),
  max: optional(text, "The largest number that will do."),
});
export type Expectation = Value<typeof expectationSchema>;

/** A statement whose answer tells that the data is what it should be. */
export const verificationQuerySchema = object({
  member: required(nameText, "Alias of the database."),
  database: optional(nameText, "Database that it is asked in; the member's own when empty."),
  statement: required(text, "One statement that answers with one value."),
  expect: required(expectationSchema, "What that must be."),
});
export type VerificationQuery = Value<typeof verificationQuerySchema>;

const orderedSnapshotSchema = object({
  id: required(text, "Id of the snapshot."),
  host: required(nameText, "Host that it was made on."),
  path: required(text, "Path that was backed up, or name of the dump."),
  restoredTo: optional(text, "Folder of the pod that this path was restored to; unset for a dump."),
  tags: optional(list(text), "Tags that it must carry to be the member's."),
  recordedId: optional(text, "Id that the BackupSession itself has for it; unset where nobody knows it any more."),
});
export type OrderedSnapshot = Value<typeof orderedSnapshotSchema>;

const orderedMemberSchema = object({
  alias: required(nameText, "Its alias."),
  model: required(oneOf(RestoredModel), "What was restored."),
  snapshots: required(list(orderedSnapshotSchema), "What it was restored from."),
  appType: optional(text, "Type of the database, as its AppBinding says."),
  database: optional(
    object({
      host: required(text, "Address of the drill's server."),
      port: required(count, "Its port."),
      user: required(text, "User of the drill."),
      secret: required(nameText, "Name of the Secret with the password, mounted as those of repositories are."),
      database: optional(text, "Database that statements are asked in."),
    }),
    "The drill's own server of a database.",
  ),
});
export type OrderedMember = Value<typeof orderedMemberSchema>;

export const verifyOrderSchema = object({
  members: required(list(orderedMemberSchema), "What was restored."),
  sample: optional(text, "Share of the files whose contents are compared, as 2%; all when empty."),
  queries: optional(list(verificationQuerySchema), "Statements to ask."),
  timeOut: optional(duration, "Longest time that all of it may take."),
});
export type VerifyOrder = Value<typeof verifyOrderSchema>;

const verificationFindingSchema = object({
  code: required(text, "Error code."),
  path: optional(text, "File, table or statement that it is about."),
  message: required(text, "What is wrong."),
});
export type VerificationFinding = Value<typeof verificationFindingSchema>;

const verifiedTableSchema = object({
  name: required(text, "Name of the table, with its database or schema."),
  rows: required(count, "Rows in it."),
});
export type VerifiedTable = Value<typeof verifiedTableSchema>;

export const answeredQuerySchema = object({
  database: optional(nameText, "Database that it was asked in; the member's own when empty."),
  statement: required(text, "What was asked."),
  value: optional(text, "The answer, cut to a bound."),
  ok: required(flag, "Whether it is what it must be."),
  expect: optional(expectationSchema, "What it must be."),
  message: optional(text, "Why it is not."),
});
export type AnsweredQuery = Value<typeof answeredQuerySchema>;

export const verifiedSnapshotSchema = object({
  id: required(text, "Id of the snapshot."),
  host: optional(nameText, "Host that it was made on."),
  path: optional(text, "Path that was backed up, or name of the dump."),
  tree: optional(text, "Hash of its tree."),
  time: optional(time, "Time of the snapshot."),
});
export type VerifiedSnapshot = Value<typeof verifiedSnapshotSchema>;

/** What was found about a member. */
export const verifiedFactsProperties = {
  snapshots: optional(list(verifiedSnapshotSchema), "Snapshots that it came from."),
  files: optional(count, "Files, folders and links that were compared by name and attributes."),
  bytes: optional(count, "Size of the files."),
  compared: optional(count, "Files whose contents were compared."),
  comparedBytes: optional(count, "Size of those."),
  sampleSeed: optional(text, "From which the choice of those files follows, where not all were compared."),
  tableCount: optional(count, "Tables."),
  rows: optional(count, "Rows of all tables."),
  tables: optional(shortList(verifiedTableSchema, MAX_TOLD_TABLES), "Tables with their rows."),
  queries: optional(list(answeredQuerySchema), "Statements that were asked."),
  unproven: optional(shortList(text, MAX_UNPROVEN), "What was not looked at, and why."),
  findingCount: optional(count, "Findings, those that are not told too."),
  findings: optional(shortList(verificationFindingSchema, MAX_TOLD_FINDINGS), "What is wrong."),
};

const verifiedMemberSchema = object({
  alias: required(nameText, "Its alias."),
  ...verifiedFactsProperties,
});
export type VerifiedMember = Value<typeof verifiedMemberSchema>;

export const verifyResultSchema = object({
  members: required(list(verifiedMemberSchema), "One entry a member."),
  resticVersion: optional(text, "Version of the restic that compared."),
});
export type VerifyResult = Value<typeof verifyResultSchema>;
