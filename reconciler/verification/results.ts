/** What a drill found, in its status. Pure. */
import type { DrilledMember, DrillVolume } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { VerifiedMember, VerifyOrder, VerifyResult } from "../../shared/api/verification.ts";
import { formatClock } from "../../shared/size.ts";
import { sessionTag, targetTag } from "../../shared/snapshots/tags.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import { restoreAlias } from "./objects.ts";
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

/** How the volumes of a member came back so far. */
export function withRestore(status: DrillStatus, batch: RestoreBatch | undefined): DrillStatus {
  const { volumes = [], members = [] } = status;
  const entries = batch?.status?.members ?? [];
  const entryOf = (volume: DrillVolume) => {
    const alias = restoreAlias(volumes.indexOf(volume));
    return entries.find((entry) => entry.alias === alias);
  };
  return {
    ...status,
    members: members.map((member): DrilledMember => {
      const own = volumes.filter((volume) => volume.member === member.alias).map(entryOf);
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
        ...(words !== undefined && { message: inMembers(words, volumes) }),
        ...(seconds !== undefined && { restoreSeconds: seconds }),
      };
    }),
  };
}

/** The batch knows volumes alone. */
function inMembers(words: string, volumes: readonly DrillVolume[]): string {
  return words.replaceAll(/\bvolume-(\d+)\b/g, (name: string, index: string) => volumes[Number(index)]?.member ?? name);
}

function secondsOf(
  hosts: readonly { readonly startedAt?: string; readonly finishedAt?: string }[],
): number | undefined {
  const starts = hosts.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [Date.parse(startedAt)]));
  const ends = hosts.flatMap(({ finishedAt }) => (finishedAt === undefined ? [] : [Date.parse(finishedAt)]));
  if (starts.length === 0 || ends.length < hosts.length) return undefined;
  return Math.max(0, Math.round((Math.max(...ends) - Math.min(...starts)) / 1_000));
}

/** The order to look at what was restored. */
export function verifyOrder(
  { volumes = [], members = [], point }: DrillStatus,
  { sample, queries }: BackupVerifier["spec"],
  timeOut: string,
): VerifyOrder {
  return {
    members: members.map(({ alias }) => ({
      alias,
      model: "Files",
      snapshots: volumes
        .filter(({ member }) => member === alias)
        .flatMap(({ host, mountPath, folder, snapshots }) =>
          snapshots.map(({ id, path }) => ({
            id,
            host,
            path,
            restoredTo: `${folder}${path.slice(mountPath.length)}`,
            // Ids come from the BackupSession itself, and what is in the repository must say the same.
            recordedId: id,
            ...tagsOf(point, id),
          })),
        ),
    })),
    ...(sample !== undefined && { sample }),
    ...(queries !== undefined && { queries }),
    timeOut,
  };
}

function tagsOf(point: DrillStatus["point"], id: string): { readonly tags?: readonly string[] } {
  const { namespace = "", session, snapshots = [] } = point ?? {};
  const target = snapshots.find((snapshot) => snapshot.id === id)?.target;
  if (session === undefined || target === undefined) return {};
  const ref = resolveTargetRef(target, namespace);
  return { tags: [sessionTag({ namespace, name: session }), targetTag(ref)] };
}

/** As many findings are told in one message. */
const MAX_TOLD = 3;

function findingsOf({ findings = [], findingCount }: VerifiedMember): number {
  return Math.max(findings.length, findingCount ?? 0);
}

/** A member that was ordered and of which nothing is told is not proven. */
export function withVerified(status: DrillStatus, result: VerifyResult): DrillStatus {
  const members = (status.members ?? []).map((member): DrilledMember => {
    const found = result.members.find(({ alias }) => alias === member.alias);
    const bad = found === undefined ? "the job told nothing about it" : whyBad(found);
    const { message: _, ...rest } = member;
    return {
      ...rest,
      ...found,
      phase: bad === undefined ? "Succeeded" : "Failed",
      ...(bad !== undefined && { message: bad }),
    };
  });
  const checks = members.map(({ alias, message, phase, files = 0, compared = 0 }) => ({
    name: `files of ${alias}`,
    ok: phase === "Succeeded",
    message: message ?? `${files} as in the snapshot, contents of ${compared} compared`,
  }));
  const { resticVersion } = result;
  return { ...status, members, checks, ...(resticVersion && { resticVersion }) };
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
export function whyUnproven({ members = [] }: DrillStatus): string | undefined {
  const bad = members.filter(({ phase }) => phase !== "Succeeded");
  if (members.length === 0) return "the recovery point has no members";
  return bad.length === 0 ? undefined : bad.map(({ alias, message = "" }) => `${alias}: ${message}`).join("; ");
}

/** `restored in 0:41, 2,867 files, 12 tables`. */
export function provenWords({ members = [], recoverySeconds = 0 }: DrillStatus): string {
  const sum = (of: (member: DrilledMember) => number | undefined) =>
    members.reduce((total, member) => total + (of(member) ?? 0), 0);
  const files = sum(({ files: count }) => count);
  const tables = sum(({ tableCount }) => tableCount);
  const parts = [
    `restored in ${formatClock(recoverySeconds)}`,
    ...(files > 0 ? [`${files.toLocaleString("en-US")} files`] : []),
    ...(tables > 0 ? [`${tables.toLocaleString("en-US")} tables`] : []),
  ];
  return parts.join(", ");
}
