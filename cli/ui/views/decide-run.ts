/** One session or restore: a lane a member, with its hosts and hooks. Pure. */
import type { BackupTargetStatus } from "../../../shared/api/backup-session.ts";
import type { HookResult } from "../../../shared/api/hook-result.ts";
import type { HostProgress, HostStats, RestoreHostStats } from "../../../shared/api/host-stats.ts";
import type { RestoreMemberStatus } from "../../../shared/api/restore-batch.ts";
import type { Unlisted } from "../../../shared/api/unlisted.ts";
import { PAGE_SIZE, pageOf } from "../../../web/wire/page-of.ts";
import type { Failure, Hook, Host, Lane, Progress, Run, RunSummary, Snapshot, Span } from "../../../web/wire/run.ts";
import { hasEnded, type RunObject } from "../../objects/read-run.ts";
import { failureOf, memberName, nextStepOf, pointTime } from "../../objects/session-facts.ts";

export function summaryOf(run: RunObject): RunSummary {
  const { kind, metadata, status } = run;
  return {
    kind,
    name: metadata.name,
    phase: status?.phase ?? "Pending",
    time: kind === "BackupSession" ? pointTime(run) : metadata.creationTimestamp,
    duration: status?.sessionDuration,
    trigger: kind === "BackupSession" ? run.spec.trigger : undefined,
    code: kind === "BackupSession" ? failureOf(run)?.code : status?.reason,
  };
}

/** Which page of long lists, as the address has it. */
export interface RunPages {
  readonly members?: string | undefined;
  /** Of each lane. */
  readonly hosts?: string | undefined;
}

export function decideRun(run: RunObject, pages: RunPages): Run {
  const { metadata, status } = run;
  const repository = status?.repository;
  const { rows, ...lanePages } = pageOfLanes(lanesOf(run), pages.members);
  return {
    ...summaryOf(run),
    startedAt: status?.startTime ?? metadata.creationTimestamp,
    endedAt: status?.completionTime,
    deadline: status?.sessionDeadline,
    repository: repository?.name && `${repository.namespace ?? metadata.namespace}/${repository.name}`,
    point: run.kind === "BackupSession" ? undefined : (run.status?.recoveryPoint?.session ?? run.spec.session),
    failure: runFailure(run),
    message: run.kind === "BackupSession" || isBad(run.status?.phase) ? undefined : run.status?.message,
    hasEnded: hasEnded(run),
    lanes: rows.map((member) => laneOf(member, pages.hosts)),
    lanePages,
    hooks: (status?.hooks ?? []).map(hookOf),
    conditions: (status?.conditions ?? []).map(({ type, status: is, reason, message }) => ({
      type,
      status: is,
      reason,
      message,
    })),
  };
}

/** @param hostPage which of the hosts of each lane */
export function lanesOfRun(run: RunObject, hostPage: string | undefined): readonly Lane[] {
  return lanesOf(run).map((member) => laneOf(member, hostPage));
}

function runFailure(run: RunObject): Failure | undefined {
  if (run.kind === "BackupSession") {
    const failure = failureOf(run);
    return failure && { ...failure, next: nextStepOf(failure) };
  }
  const { phase, reason, message } = run.status ?? {};
  return isBad(phase) ? coded(reason, message ?? reason ?? "it does not say why") : undefined;
}

const isBad = (phase: string | undefined) => phase === "Failed" || phase === "Invalid" || phase === "Unknown";

/** With the next step, where the code has one. */
export function coded(code: string | undefined, message: string): Failure {
  return { code, message, next: nextStepOf({ code, member: undefined, message }) };
}

type HostFacts = HostStats | RestoreHostStats;

interface MemberFacts {
  readonly name: string;
  readonly phase: string | undefined;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly stats: readonly HostFacts[];
  readonly hooks: readonly HookResult[];
  readonly unlisted: Unlisted | undefined;
}

function lanesOf(run: RunObject): readonly MemberFacts[] {
  if (run.kind === "RestoreSession") {
    const { status, spec } = run;
    if (status === undefined) return [];
    const { phase, reason, message, stats = [], unlisted } = status;
    return [{ name: memberName(spec.target ?? {}), phase, reason, message, stats, hooks: [], unlisted }];
  }
  const members: readonly (BackupTargetStatus | RestoreMemberStatus)[] =
    run.kind === "BackupSession" ? (run.status?.targets ?? []) : (run.status?.members ?? []);
  return members.map((member) => {
    const { phase, reason, message, stats = [], hooks = [], unlisted } = member;
    return { name: memberName(member), phase, reason, message, stats, hooks, unlisted };
  });
}

/** Those that somebody looks for first. */
const ORDER: readonly (string | undefined)[] = ["Failed", "Running", "Pending"];

const rank = ({ phase }: { readonly phase?: string | undefined }) =>
  (ORDER.indexOf(phase) + ORDER.length + 1) % (ORDER.length + 1);

/** In their own order while one page holds them all. */
export function pageOfLanes<Member extends { readonly phase?: string | undefined }>(
  members: readonly Member[],
  wanted: string | undefined,
) {
  return pageOf(members.length > PAGE_SIZE ? [...members].sort((a, b) => rank(a) - rank(b)) : members, wanted);
}

function laneOf(member: MemberFacts, hostPage: string | undefined): Lane {
  const sorted = [...member.stats].sort((a, b) => rank(a) - rank(b));
  const { rows, ...hostPages } = pageOf(sorted, hostPage);
  const { succeeded = 0, failed = 0, running = 0, pending = 0 } = member.unlisted ?? {};
  const hooks = [...member.hooks, ...rows.flatMap((host) => host.hooks ?? [])];
  const isFailed = isBad(member.phase);
  const why = member.message ?? member.reason;
  return {
    name: member.name,
    phase: member.phase ?? "Pending",
    message: isFailed ? undefined : member.message,
    failure: isFailed && why !== undefined ? coded(member.reason, why) : undefined,
    progress: sumProgress(member.stats),
    spans: [...rows.flatMap(hostSpan), ...hooks.flatMap(hookSpan)],
    hosts: rows.map(hostOf),
    hostPages,
    unlistedHosts: succeeded + failed + running + pending,
    hooks: hooks.map(hookOf),
  };
}

function hostSpan({ hostname = "?", phase = "Pending", startedAt, finishedAt }: HostFacts): readonly Span[] {
  return startedAt === undefined ? [] : [{ kind: "host", label: hostname, phase, startedAt, finishedAt }];
}

function hookSpan({ type, phase = "Running", startedAt, finishedAt }: HookResult): readonly Span[] {
  return startedAt === undefined ? [] : [{ kind: "hook", label: type, phase, startedAt, finishedAt }];
}

function hookOf({ type, hostname, phase = "Running", startedAt, finishedAt, message, output }: HookResult): Hook {
  return { type, host: hostname, phase, startedAt, finishedAt, message, output };
}

function hostOf(host: HostFacts): Host {
  const {
    hostname,
    phase = "Pending",
    pod,
    podUID,
    node,
    attempt,
    error,
    reason,
    warnings,
    unreadableFiles,
    progress,
  } = host;
  const why = error ?? (phase === "Failed" ? reason : undefined);
  return {
    name: hostname ?? "?",
    phase,
    pod,
    podUid: podUID,
    node,
    attempt,
    failure: why === undefined ? undefined : coded(reason, why),
    warnings: warnings ?? [],
    unreadableFiles,
    progress: phase === "Running" ? progress && progressOf(progress) : undefined,
    snapshots: (host.snapshots ?? []).map(snapshotOf),
  };
}

function snapshotOf(snapshot: NonNullable<HostFacts["snapshots"]>[number]): Snapshot {
  const { path = "", sizeBytes } = snapshot;
  if ("id" in snapshot) return { id: snapshot.id ?? "", path, sizeBytes };
  const backup = "name" in snapshot ? snapshot : undefined;
  return { id: backup?.name ?? "", path, sizeBytes, addedBytes: backup?.uploadedBytes };
}

function progressOf({ percent, bytesDone, bytesTotal, filesDone, filesTotal, etaSeconds }: HostProgress): Progress {
  return { percent, bytesDone, bytesTotal, filesDone, filesTotal, etaSeconds };
}

/** Of all hosts that are at work; the time that is left is that of the slowest. */
function sumProgress(hosts: readonly HostFacts[]): Progress | undefined {
  const told = hosts.flatMap(({ phase, progress }) =>
    phase === "Running" && progress !== undefined ? [progress] : [],
  );
  if (told.length === 0) return undefined;
  const sum = (field: "bytesDone" | "bytesTotal" | "filesDone" | "filesTotal") => {
    const values = told.flatMap((one) => one[field] ?? []);
    return values.length === 0 ? undefined : values.reduce((all, value) => all + value, 0);
  };
  const [bytesDone, bytesTotal] = [sum("bytesDone"), sum("bytesTotal")];
  const etas = told.flatMap(({ etaSeconds }) => etaSeconds ?? []);
  const percent = told.length === 1 ? told[0]?.percent : percentOf(bytesDone, bytesTotal);
  return {
    percent,
    bytesDone,
    bytesTotal,
    filesDone: sum("filesDone"),
    filesTotal: sum("filesTotal"),
    etaSeconds: etas.length === 0 ? undefined : Math.max(...etas),
  };
}

function percentOf(done: number | undefined, total: number | undefined): number | undefined {
  return done === undefined || total === undefined || total === 0 ? undefined : Math.min(100, (100 * done) / total);
}
