/** What a drill found, in its status. Pure. */
import type { DrilledMember } from "../../shared/api/backup-verification-session.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { VerificationQuery, VerifiedMember, VerifyResult } from "../../shared/api/verification.ts";
import { formatClock } from "../../shared/size.ts";
import { loadAlias, restoreAlias } from "./objects.ts";
import { memberName } from "./plan.ts";
import type { DrillPoint } from "./point.ts";
import type { DrillStatus } from "./status.ts";

export function firstMembers(point: DrillPoint): readonly DrilledMember[] {
  return point.targets.map((target) => ({
    alias: memberName(target),
    kind: target.ref.kind,
    name: target.ref.name,
    phase: "Pending",
  }));
}

/** Members of the batch that restores, by their aliases: which member of the application each is of. */
function restoredMembers({ volumes = [], servers = [] }: DrillStatus): ReadonlyMap<string, string> {
  return new Map([
    ...volumes.map(({ member }, index) => [restoreAlias(index), member] as const),
    ...servers.map(({ member }, index) => [loadAlias(index), member] as const),
  ]);
}

/** How the volumes and databases of a member came back so far. */
export function withRestore(status: DrillStatus, batch: RestoreBatch | undefined): DrillStatus {
  const { members = [] } = status;
  const entries = batch?.status?.members ?? [];
  const restored = restoredMembers(status);
  return {
    ...status,
    members: members.map((member): DrilledMember => {
      const own = [...restored].flatMap(([alias, name]) =>
        name === member.alias ? [entries.find((entry) => entry.alias === alias)] : [],
      );
      const isAll = (phase: string) => own.every((entry) => entry?.phase === phase);
      const bad = own.find((entry) => entry?.phase === "Failed" || entry?.phase === "Unknown");
      const hosts = own.flatMap((entry) => entry?.stats ?? []);
      const seconds = secondsOf(hosts);
      const words = bad?.message ?? bad?.stats?.find(({ error }) => error !== undefined)?.error;
      // Not before it was looked at is it proven.
      const phase = bad !== undefined ? "Failed" : isAll("Pending") ? "Pending" : "Running";
      return {
        ...member,
        phase,
        ...(words !== undefined && { message: inMembers(words, restored) }),
        ...(seconds !== undefined && { restoreSeconds: seconds }),
      };
    }),
  };
}

/** The batch knows volumes and servers alone. */
function inMembers(words: string, restored: ReadonlyMap<string, string>): string {
  return words.replaceAll(/\b(?:volume|server)-\d+\b/g, (alias: string) => restored.get(alias) ?? alias);
}

function secondsOf(
  hosts: readonly { readonly startedAt?: string; readonly finishedAt?: string }[],
): number | undefined {
  const starts = hosts.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [Date.parse(startedAt)]));
  const ends = hosts.flatMap(({ finishedAt }) => (finishedAt === undefined ? [] : [Date.parse(finishedAt)]));
  if (starts.length === 0 || ends.length < hosts.length) return undefined;
  return Math.max(0, Math.round((Math.max(...ends) - Math.min(...starts)) / 1_000));
}

/** As many findings are told in one message. */
const MAX_TOLD = 3;

function findingsOf({ findings = [], findingCount }: VerifiedMember): number {
  return Math.max(findings.length, findingCount ?? 0);
}

/** A member that was ordered and of which nothing is told is not proven, and neither is one with a statement that nobody answered. */
export function withVerified(
  status: DrillStatus,
  result: VerifyResult,
  queries: readonly VerificationQuery[] = [],
): DrillStatus {
  const databases = new Set((status.servers ?? []).map(({ member }) => member));
  const whyUntold = (found: VerifiedMember): string | undefined => {
    if (!databases.has(found.alias)) return undefined;
    if (found.tableCount === undefined) return "its tables were not counted";
    const asked = queries.filter(({ member }) => member === found.alias).length;
    const answered = found.queries?.length ?? 0;
    return answered < asked ? `${answered} of ${asked} statements were answered` : undefined;
  };
  const members = (status.members ?? []).map((member): DrilledMember => {
    const found = result.members.find(({ alias }) => alias === member.alias);
    const bad = found === undefined ? "the job told nothing about it" : (whyBad(found) ?? whyUntold(found));
    const { message: _, ...rest } = member;
    return {
      ...rest,
      ...found,
      ...asOrdered(found, queries),
      phase: bad === undefined ? "Succeeded" : "Failed",
      ...(bad !== undefined && { message: bad }),
    };
  });
  const known = members.map(({ alias }) => alias);
  // The verifier may have been changed since the drill began.
  const lost = queries.filter(({ member }) => !databases.has(member) || !known.includes(member));
  const unasked = lost.map(({ member, statement }) => ({
    name: `statement for ${member}`,
    ok: false,
    message: `${member} is no database of the recovery point, so nobody asked: ${statement}`,
  }));
  const checks = members.map((member) => {
    const { alias, message, phase } = member;
    const isDatabase = databases.has(alias);
    return {
      name: `${isDatabase ? "database" : "files of"} ${alias}`,
      ok: phase === "Succeeded",
      message: message ?? (isDatabase ? databaseWords(member) : fileWords(member)),
    };
  });
  const { resticVersion } = result;
  return { ...status, members, checks: [...checks, ...unasked], ...(resticVersion && { resticVersion }) };
}

/** An answer that is good says nothing to whoever does not know where and what for it was asked: `min: 0` is met by any. */
function asOrdered(
  found: VerifiedMember | undefined,
  queries: readonly VerificationQuery[],
): Pick<DrilledMember, "queries"> {
  if (found?.queries === undefined) return {};
  const own = queries.filter(({ member }) => member === found.alias);
  return {
    queries: found.queries.map((answered, at) => {
      const { database, expect } = { ...(own[at]?.statement === answered.statement && own[at]) };
      return {
        ...answered,
        ...(database !== undefined && { database }),
        ...(expect !== undefined && { expect }),
      };
    }),
  };
}

function fileWords({ files = 0, compared = 0 }: DrilledMember): string {
  return `${files} as in the snapshot, contents of ${compared} compared`;
}

function databaseWords({ tableCount = 0, rows = 0, queries = [] }: DrilledMember): string {
  const asked = queries.length === 0 ? "" : `, ${queries.length} statements answered as they must be`;
  return `${tableCount} tables, ${rows} rows${asked}`;
}

function whyBad(found: VerifiedMember): string | undefined {
  const count = findingsOf(found);
  const queries = (found.queries ?? []).filter(({ ok }) => !ok);
  if (count === 0 && queries.length === 0) return undefined;
  const told = (found.findings ?? [])
    .slice(0, MAX_TOLD)
    .map(({ code, path, message }) => `${code}${path === undefined ? "" : ` ${path}`}: ${message}`);
  const asked = queries.slice(0, MAX_TOLD).map(({ statement, message = "" }) => `${statement}: ${message}`);
  const rest = count - told.length;
  return [...told, ...asked, ...(rest > 0 ? [`${rest} more`] : [])].join("; ");
}

/** What was found wrong; undefined where nothing was. */
export function whyUnproven({ members = [], checks = [] }: DrillStatus): string | undefined {
  if (members.length === 0) return "the recovery point has no members";
  const bad = members
    .filter(({ phase }) => phase !== "Succeeded")
    .map(({ alias, message = "" }) => `${alias}: ${message}`);
  // Those of members say the same again.
  const others = checks.slice(members.length).filter(({ ok }) => !ok);
  const all = [...bad, ...others.map(({ message = "" }) => message)];
  return all.length === 0 ? undefined : all.join("; ");
}

/** `restored in 0:41, 2,867 files, 12 tables, 40,120 rows, 3 answers`. */
export function provenWords({ members = [], recoverySeconds = 0 }: DrillStatus): string {
  const sum = (of: (member: DrilledMember) => number | undefined) =>
    members.reduce((total, member) => total + (of(member) ?? 0), 0);
  const files = sum(({ files: count, tableCount }) => (tableCount === undefined ? count : 0));
  const tables = sum(({ tableCount }) => tableCount);
  const rows = sum((member) => member.rows);
  const answers = sum(({ queries }) => queries?.length);
  const parts = [
    `restored in ${formatClock(recoverySeconds)}`,
    ...(files > 0 ? [`${files.toLocaleString("en-US")} files`] : []),
    ...(tables > 0 ? [`${tables.toLocaleString("en-US")} tables`] : []),
    ...(rows > 0 ? [`${rows.toLocaleString("en-US")} rows`] : []),
    ...(answers > 0 ? [`${answers.toLocaleString("en-US")} answers`] : []),
  ];
  return parts.join(", ");
}
