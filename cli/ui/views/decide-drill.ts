/** One drill: its steps, and a lane a member with what was found about it. Pure. */
import type { BackupVerificationSession, DrilledMember } from "../../../shared/api/backup-verification-session.ts";
import type { RestoreBatch } from "../../../shared/api/restore-batch.ts";
import type { Lane, MemberProof, Run, RunSummary, Span } from "../../../web/wire/run.ts";
import { hasDrillEnded } from "../../proof/drills.ts";
import { coded, lanesOfRun, pageOfLanes, type RunPages } from "./decide-run.ts";

type DrillStatus = NonNullable<BackupVerificationSession["status"]>;

export function summaryOfDrill({ kind, metadata, spec, status }: BackupVerificationSession): RunSummary {
  return {
    kind,
    name: metadata.name,
    phase: status?.phase ?? "Pending",
    time: status?.startTime ?? metadata.creationTimestamp,
    duration: durationOf(status),
    trigger: spec.trigger,
    code: status?.phase === "Failed" || status?.phase === "Skipped" ? status.reason : undefined,
  };
}

function durationOf({ startTime, completionTime }: DrillStatus = {}): string | undefined {
  const ms = Date.parse(completionTime ?? "") - Date.parse(startTime ?? "");
  return Number.isNaN(ms) ? undefined : `${Math.max(0, Math.round(ms / 1_000))}s`;
}

/** @param restore the batch that restores for it, while that is there @param limitSeconds of its verifier */
export function decideDrill(
  drill: BackupVerificationSession,
  restore: RestoreBatch | undefined,
  limitSeconds: number | undefined,
  pages: RunPages,
): Run {
  const { metadata, spec, status } = drill;
  const isBad = status?.phase === "Failed" || status?.phase === "Skipped";
  const live = restore === undefined ? [] : lanesOfRun(restore, pages.hosts);
  const { rows, ...lanePages } = pageOfLanes(status?.members ?? [], pages.members);
  return {
    ...summaryOfDrill(drill),
    startedAt: status?.startTime ?? metadata.creationTimestamp,
    endedAt: status?.completionTime,
    deadline: status?.deadline,
    point: status?.point?.session ?? spec.session,
    failure: isBad ? coded(status?.reason, status?.message ?? "it does not say why") : undefined,
    message: isBad ? undefined : status?.message,
    hasEnded: hasDrillEnded(drill),
    lanes: rows.map((member) => {
      const own = live.find(({ name }) => name === member.alias);
      return laneOf(member, status ?? {}, own);
    }),
    lanePages,
    hooks: [],
    conditions: (status?.conditions ?? []).map(({ type, status: is, reason, message }) => {
      return { type, status: is, reason, message };
    }),
    drill: {
      verifier: spec.verifier,
      step: status?.step,
      steps: stepsOf(status),
      pointAgeSeconds: status?.pointAgeSeconds,
      recoverySeconds: status?.recoverySeconds,
      limitSeconds,
      checks: (status?.checks ?? []).map(({ name, ok, message }) => ({ name, isGood: ok, message })),
      script: status?.script,
      isSigned: status?.signature !== undefined,
    },
  };
}

/** What the status keeps the times of: what comes before the restore, the restore, and what comes after it. */
function stepsOf(status: BackupVerificationSession["status"]): readonly Span[] {
  const { startTime, restoreStartTime, restoreEndTime, completionTime, outcome, phase = "Pending" } = status ?? {};
  const end = completionTime;
  const how = outcome ?? phase;
  const span = (label: string, startedAt: string | undefined, finishedAt: string | undefined): readonly Span[] => {
    if (startedAt === undefined) return [];
    // The last one that began is the one that failed, or goes on.
    const isLast = finishedAt === undefined || finishedAt === end;
    return [{ kind: "step", label, phase: isLast ? how : "Succeeded", startedAt, finishedAt: finishedAt ?? end }];
  };
  return [
    ...span("made ready", startTime, restoreStartTime),
    ...span("restored", restoreStartTime, restoreEndTime),
    ...span("looked at, and removed", restoreEndTime, end),
  ];
}

function laneOf(member: DrilledMember, status: DrillStatus, live: Lane | undefined): Lane {
  const { alias, phase = "Pending", message } = member;
  const isFailed = phase === "Failed";
  return {
    name: alias,
    phase,
    message: isFailed ? undefined : message,
    failure: isFailed && message !== undefined ? coded(undefined, message) : undefined,
    progress: live?.progress,
    spans: live === undefined || live.spans.length === 0 ? restoreSpan(member, status) : live.spans,
    hosts: live?.hosts ?? [],
    hostPages: live?.hostPages ?? { total: 0, page: 0, pageSize: 1 },
    unlistedHosts: live?.unlistedHosts ?? 0,
    hooks: [],
    proof: proofOf(member),
  };
}

/** When the restore of the member began is not kept: all are drawn from the begin of the whole. */
function restoreSpan(
  { alias, phase = "Pending", restoreSeconds }: DrilledMember,
  status: { restoreStartTime?: string },
) {
  const startedAt = status.restoreStartTime;
  if (startedAt === undefined || restoreSeconds === undefined) return [];
  const finishedAt = new Date(Date.parse(startedAt) + restoreSeconds * 1_000).toISOString();
  return [{ kind: "host", label: alias, phase, startedAt, finishedAt } as const];
}

function proofOf(member: DrilledMember): MemberProof {
  const { restoreSeconds, files, bytes, compared, comparedBytes, tableCount, rows } = member;
  const { tables = [], queries = [], unproven = [], findings = [], findingCount = findings.length } = member;
  return {
    restoreSeconds,
    files,
    bytes,
    compared,
    comparedBytes,
    tableCount,
    rows,
    tables,
    queries: queries.map(({ statement, value, ok, message }) => ({ statement, value, isGood: ok, message })),
    findings,
    findingCount,
    unproven,
  };
}
