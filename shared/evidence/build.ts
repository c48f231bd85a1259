/** The evidence of a drill: what was restored, from what, what was looked at, and what was found. It is what gets signed. */
import type { BackupVerificationSession, DrilledMember, DrillServer } from "../api/backup-verification-session.ts";
import { VerificationPhase, VerificationType } from "../api/closed-lists.ts";
import { readerOf } from "../api/parse.ts";
import {
  count,
  flag,
  int32,
  list,
  nameText,
  object,
  oneOf,
  optional,
  required,
  text,
  time,
  type Value,
} from "../api/schema.ts";
import { answeredQuerySchema, verifiedSnapshotSchema } from "../api/verification.ts";
import { canonicalJson } from "./canonical-json.ts";
import { sha256 } from "./sha256.ts";

/** Stands in each document, so that a signature of it is one of nothing else. */
export const EVIDENCE_FORMAT = "stash-batch/recovery-evidence/v1";

/** As many snapshots and statements of a member are listed; the hash stands for all snapshots. */
const MAX_LISTED = 50;
const MAX_TEXT = 512;

const memberSchema = object({
  alias: required(nameText, "Its alias."),
  kind: optional(nameText, "Kind of its target."),
  name: optional(nameText, "Name of its target."),
  proven: required(flag, "Whether it came back as it was saved."),
  restoreSeconds: optional(count, "How long its restore took."),
  snapshotCount: required(count, "Snapshots that it came from."),
  snapshotsHash: required(text, "SHA-256 of the canonical JSON of their list."),
  snapshots: required(list(verifiedSnapshotSchema), "The first of them."),
  files: optional(count, "Files, folders and links that were compared by name and attributes."),
  bytes: optional(count, "Size of the files."),
  compared: optional(count, "Files whose contents were compared."),
  comparedBytes: optional(count, "Size of those."),
  sampleSeed: optional(text, "From which the choice of those files follows."),
  tableCount: optional(count, "Tables."),
  rows: optional(count, "Rows of all tables."),
  queries: optional(list(answeredQuerySchema), "The first statements that were asked."),
  server: optional(
    object({
      image: required(text, "Its image, as it was asked for."),
      type: required(text, "Type of the database."),
      version: optional(text, "Version of the application's own."),
    }),
    "The throw-away server of a database.",
  ),
  unproven: optional(list(text), "What was not looked at, and why."),
  findingCount: required(count, "What is wrong, in number."),
});

const evidenceSchema = object({
  format: required(text, "What this is."),
  outcome: required(oneOf(VerificationPhase), "How the drill ended."),
  product: required(text, "Version of the product."),
  restic: optional(text, "Version of the restic that compared."),
  cluster: optional(text, "uid of the cluster's kube-system."),
  namespace: required(text, "Namespace of the application."),
  invoker: optional(object({ kind: required(text, "Kind."), name: required(text, "Name.") }), "Whose data it is."),
  verifier: required(text, "BackupVerifier."),
  drill: required(object({ name: required(text, "Name."), uid: optional(text, "Its uid.") }), "The drill."),
  type: optional(oneOf(VerificationType), "How far what came back was looked at."),
  point: optional(
    object({ session: optional(text, "BackupSession that made it."), time: optional(time, "Its time.") }),
    "The recovery point.",
  ),
  pointAgeSeconds: optional(count, "How old that was when the drill began: what would have been lost."),
  recoverySeconds: optional(count, "How long the recovery took."),
  startTime: optional(time, "When the drill began."),
  restoreStartTime: optional(time, "When the restore began."),
  restoreEndTime: optional(time, "When the last member was back."),
  endTime: required(time, "When all was looked at."),
  members: required(list(memberSchema), "One entry a member."),
  checks: required(
    list(object({ name: required(text, "What was looked at."), ok: required(flag, "Whether it is good.") })),
    "What was looked at.",
  ),
  script: optional(
    object({
      exitCode: optional(int32, "Its exit code."),
      image: optional(text, "Its image, as it was asked for."),
      imageId: optional(text, "The image that ran, by its digest, as the node told."),
      command: optional(text, "Command and arguments, as JSON; of long ones the beginning and the hash."),
    }),
    "The script of the verifier.",
  ),
});
export type Evidence = Value<typeof evidenceSchema>;
export type EvidenceMember = Evidence["members"][number];

/** Reads evidence. @throws UserError INVALID_OBJECT naming the fields */
export const readEvidence = readerOf(evidenceSchema, () => "the evidence");

/** What the drill itself does not tell. */
export interface EvidenceContext {
  readonly outcome: Evidence["outcome"];
  /** Version of the product. */
  readonly product: string;
  readonly restic?: string | undefined;
  readonly cluster?: string | undefined;
  readonly type?: Evidence["type"];
  readonly now: Date;
}

function cut(words: string): string {
  return words.slice(0, MAX_TEXT);
}

function memberOf(member: DrilledMember, server: DrillServer | undefined): EvidenceMember {
  const {
    alias,
    kind,
    name,
    phase,
    restoreSeconds,
    snapshots = [],
    queries,
    unproven,
    findingCount,
    findings,
  } = member;
  const { files, bytes, compared, comparedBytes, sampleSeed, tableCount, rows } = member;
  return {
    alias,
    ...(kind !== undefined && { kind }),
    ...(name !== undefined && { name }),
    proven: phase === VerificationPhase.Succeeded,
    ...(restoreSeconds !== undefined && { restoreSeconds }),
    snapshotCount: snapshots.length,
    snapshotsHash: sha256(canonicalJson(snapshots)),
    snapshots: snapshots.slice(0, MAX_LISTED),
    ...(files !== undefined && { files }),
    ...(bytes !== undefined && { bytes }),
    ...(compared !== undefined && { compared }),
    ...(comparedBytes !== undefined && { comparedBytes }),
    ...(sampleSeed !== undefined && { sampleSeed }),
    ...(tableCount !== undefined && { tableCount }),
    ...(rows !== undefined && { rows }),
    ...(queries !== undefined && {
      queries: queries.slice(0, MAX_LISTED).map(({ database, statement, value, ok, expect }) => ({
        ...(database !== undefined && { database }),
        statement: cut(statement),
        ok,
        ...(value !== undefined && { value: cut(value) }),
        ...(expect !== undefined && { expect }),
      })),
    }),
    ...(server !== undefined && { server: serverOf(server) }),
    ...(unproven !== undefined && { unproven: unproven.map(cut) }),
    findingCount: findingCount ?? findings?.length ?? 0,
  };
}

function serverOf({ image, type, version }: DrillServer): NonNullable<EvidenceMember["server"]> {
  return { image: cut(image), type: cut(type), ...(version !== undefined && { version: cut(version) }) };
}

function pointOf({
  session,
  time: madeAt,
}: {
  readonly session?: string;
  readonly time?: string;
}): NonNullable<Evidence["point"]> {
  return { ...(session !== undefined && { session }), ...(madeAt !== undefined && { time: madeAt }) };
}

type Script = NonNullable<NonNullable<BackupVerificationSession["status"]>["script"]>;

/** An exit code says nothing to whoever does not know of what. */
function scriptOf({ exitCode, image, imageId, command }: Script): NonNullable<Evidence["script"]> {
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(image !== undefined && { image: cut(image) }),
    ...(imageId !== undefined && { imageId: cut(imageId) }),
    ...(command !== undefined && { command }),
  };
}

/** The evidence of a drill that has looked at everything. */
export function buildEvidence(drill: BackupVerificationSession, context: EvidenceContext): Evidence {
  const { metadata, spec, status = {} } = drill;
  const { invoker, point, pointAgeSeconds, recoverySeconds, startTime, restoreStartTime, restoreEndTime } = status;
  const { outcome, product, restic, cluster, type, now } = context;
  return {
    format: EVIDENCE_FORMAT,
    outcome,
    product,
    ...(restic !== undefined && { restic }),
    ...(cluster !== undefined && { cluster }),
    namespace: metadata.namespace,
    ...(invoker !== undefined && { invoker: { kind: invoker.kind, name: invoker.name } }),
    verifier: spec.verifier,
    drill: { name: metadata.name, ...(metadata.uid !== undefined && { uid: metadata.uid }) },
    ...(type !== undefined && { type }),
    ...(point !== undefined && { point: pointOf(point) }),
    ...(pointAgeSeconds !== undefined && { pointAgeSeconds }),
    ...(recoverySeconds !== undefined && { recoverySeconds }),
    ...(startTime !== undefined && { startTime }),
    ...(restoreStartTime !== undefined && { restoreStartTime }),
    ...(restoreEndTime !== undefined && { restoreEndTime }),
    endTime: now.toISOString(),
    members: (status.members ?? []).map((member) =>
      memberOf(
        member,
        status.servers?.find((server) => server.member === member.alias),
      ),
    ),
    checks: (status.checks ?? []).map(({ name, ok }) => ({ name: cut(name), ok })),
    ...(status.script?.exitCode !== undefined && { script: scriptOf(status.script) }),
  };
}
