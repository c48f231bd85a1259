/** What the demo found, for people and for programs. */
import { formatBytes, formatSeconds, formatTable } from "../../cli/runs/format.ts";
import { membersOfRestore, membersOfSession } from "../../cli/runs/member-state.ts";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { BackendName } from "./backend.ts";
import type { Comparison } from "./evidence.ts";

interface MemberSummary {
  readonly name: string;
  readonly snapshot: string;
  readonly sizeBytes: number;
  readonly uploadedBytes: number;
  readonly seconds: number;
}

export interface SessionSummary {
  readonly name: string;
  readonly trigger: "instant" | "schedule";
  readonly phase: string;
  readonly seconds: number;
  readonly members: readonly MemberSummary[];
  readonly hooks: readonly { readonly type: string; readonly phase: string; readonly output: string }[];
}

export interface Summary {
  readonly ok: boolean;
  readonly backend: BackendName;
  readonly seconds: number;
  readonly sessions: readonly SessionSummary[];
  /** What the site answered while its data was gone. */
  readonly broken: { readonly page: number; readonly picture: number };
  readonly restore: {
    readonly name: string;
    readonly phase: string;
    readonly session: string;
    readonly seconds: number;
  };
  readonly compared: Comparison;
  /** What the drill found that came back beside the application. */
  readonly proven: {
    readonly ok: boolean;
    readonly pages: number;
    readonly tables: number;
    readonly files: number;
    readonly seconds: number;
  };
}

function secondsBetween(from: string | undefined, until: string | undefined): number {
  const ms = Date.parse(until ?? "") - Date.parse(from ?? "");
  return Number.isNaN(ms) ? 0 : ms / 1_000;
}

export function describeSession(session: BackupSession, trigger: SessionSummary["trigger"]): SessionSummary {
  const { status, metadata } = session;
  const times = membersOfSession(session);
  const targets = status?.targets ?? [];
  return {
    name: metadata.name,
    trigger,
    phase: status?.phase ?? "",
    seconds: secondsBetween(metadata.creationTimestamp, status?.completionTime),
    members: targets.flatMap((target, at) => {
      return (target.stats ?? []).flatMap((host) => {
        return (host.snapshots ?? []).map((snapshot) => ({
          name: target.alias ?? target.ref?.name ?? "",
          snapshot: snapshot.name ?? "",
          sizeBytes: snapshot.sizeBytes ?? 0,
          uploadedBytes: snapshot.uploadedBytes ?? 0,
          seconds: ((times[at]?.finishedAt ?? 0) - (times[at]?.startedAt ?? 0)) / 1_000,
        }));
      });
    }),
    hooks: targets.flatMap(({ hooks }) => {
      return (hooks ?? []).map(({ type, phase, output }) => ({ type, phase: phase ?? "", output: output ?? "" }));
    }),
  };
}

export function describeRestore(restore: RestoreBatch): Summary["restore"] {
  const { status, metadata } = restore;
  const ends = membersOfRestore(restore).flatMap(({ finishedAt }) => (finishedAt === undefined ? [] : [finishedAt]));
  return {
    name: metadata.name,
    phase: status?.phase ?? "",
    session: status?.recoveryPoint?.session ?? "",
    seconds: secondsBetween(metadata.creationTimestamp, new Date(Math.max(0, ...ends)).toISOString()),
  };
}

export function describeProof({ status }: BackupVerificationSession): Summary["proven"] {
  const { members = [], script, recoverySeconds = 0, phase } = status ?? {};
  const pages = Number(/^(\d+) pages answered$/m.exec(script?.output ?? "")?.[1] ?? 0);
  const tables = members.reduce((sum, { tableCount = 0 }) => sum + tableCount, 0);
  const files = members.reduce((sum, member) => sum + (member.tableCount === undefined ? (member.files ?? 0) : 0), 0);
  return { ok: phase === "Succeeded", pages, tables, files, seconds: recoverySeconds };
}

/** Table of what was backed up, and what was compared. */
export function formatSummary({ sessions, restore, compared, proven }: Summary): readonly string[] {
  const heading = ["session", "member", "snapshot", "size", "added", "took"];
  const rows = sessions.flatMap(({ name, members }) => {
    return members.map((member) => [
      name,
      member.name,
      member.snapshot.slice(0, 8),
      formatBytes(member.sizeBytes),
      formatBytes(member.uploadedBytes),
      formatSeconds(member.seconds * 1_000),
    ]);
  });
  return [
    ...formatTable([heading, ...rows]),
    "",
    `${restore.name}: every member from ${restore.session}, in ${restore.seconds.toFixed(0)} s`,
    `compared byte for byte: ${compared.pages} pages and pictures (${formatBytes(compared.servedBytes)}), ` +
      `${compared.tables} tables, ${compared.files} files and folders (${formatBytes(compared.fileBytes)})`,
    `differences: ${compared.differences.length}`,
    `proven: ${proven.pages} pages answered, ${proven.tables} tables, ${proven.files.toLocaleString("en-US")} files, ${proven.seconds} s`,
  ];
}
