/** Follows a run (a BackupSession or a RestoreBatch) to its end, and shows its members on the way. */
import { setTimeout as sleep } from "node:timers/promises";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostStats, RestoreHostStats } from "../../shared/api/host-stats.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import type { MemberState, Teller } from "./terminal/teller.ts";

const POLL_MS = 100;

interface MemberFacts {
  readonly alias?: string;
  readonly ref?: { readonly name?: string };
  readonly phase?: string;
  readonly message?: string;
  readonly stats?: readonly (HostStats | RestoreHostStats)[];
  readonly hooks?: readonly HookResult[];
}

const hookIs = (hook: HookResult) => `${hook.type} ${hook.phase ?? "Running"}`;

function parseTime(text: string | undefined): number[] {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? [] : [at];
}

function describeMember(member: MemberFacts): MemberState {
  const hosts = member.stats ?? [];
  const hooks = [...(member.hooks ?? []), ...hosts.flatMap((host) => host.hooks ?? [])];
  const errors = hosts.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const notes = [...hooks.map(hookIs), ...errors, ...(member.message === undefined ? [] : [member.message])];
  const progress = hosts.flatMap((host) => (host.progress === undefined ? [] : [host.progress]));
  const percents = progress.flatMap(({ percent }) => (percent === undefined ? [] : [percent]));
  const bytes = progress.flatMap(({ bytesDone }) => (bytesDone === undefined ? [] : [bytesDone]));
  const hasEnded = hosts.length > 0 && hosts.every(({ finishedAt }) => finishedAt !== undefined);
  const times = [...hosts, ...hooks];
  const starts = times.flatMap(({ startedAt }) => parseTime(startedAt));
  const ends = times.flatMap(({ finishedAt }) => parseTime(finishedAt));
  return {
    name: member.alias ?? member.ref?.name ?? "?",
    phase: member.phase ?? "Pending",
    percent: percents.length === 0 ? undefined : Math.min(...percents),
    bytesDone: bytes.length === 0 ? undefined : bytes.reduce((sum, part) => sum + part, 0),
    note: notes.join(", "),
    startedAt: starts.length === 0 ? undefined : Math.min(...starts),
    finishedAt: hasEnded && ends.length > 0 ? Math.max(...ends) : undefined,
  };
}

export const membersOfSession = (session: BackupSession): readonly MemberState[] =>
  (session.status?.targets ?? []).map(describeMember);

export const membersOfRestore = (restore: RestoreBatch): readonly MemberState[] =>
  (restore.status?.members ?? []).map(describeMember);

interface Following<Run> {
  readonly what: string;
  readonly timeoutMs: number;
  read(): Promise<Run>;
  membersOf(run: Run): readonly MemberState[];
  phaseOf(run: Run): string | undefined;
  isFinal(run: Run): boolean;
}

/** @throws Error when the run does not end in time, or not well; it quotes the status */
async function follow<Run extends { readonly status?: unknown }>(
  teller: Teller,
  { what, timeoutMs, read, membersOf, phaseOf, isFinal }: Following<Run>,
): Promise<Run> {
  const deadline = performance.now() + timeoutMs;
  let run = await read();
  for (;;) {
    teller.showMembers(membersOf(run));
    if (isFinal(run)) break;
    if (performance.now() > deadline) throw new Error(`${what} did not end in ${timeoutMs / 1_000} s`);
    await sleep(POLL_MS);
    run = await read();
  }
  if (phaseOf(run) === "Succeeded") return run;
  throw new Error(`${what} ended ${phaseOf(run)}: ${JSON.stringify(run.status, null, 1)}`);
}

interface RunName {
  readonly namespace: string;
  readonly name: string;
  readonly timeoutMs: number;
}

/** @throws Error when the session does not succeed in time */
export function followSession(client: KubeClient, teller: Teller, run: RunName): Promise<BackupSession> {
  return follow(teller, {
    what: `BackupSession ${run.name}`,
    timeoutMs: run.timeoutMs,
    read: () => client.get(KINDS.BackupSession, run.namespace, run.name, parseBackupSession),
    membersOf: membersOfSession,
    phaseOf: ({ status }) => status?.phase,
    isFinal: ({ status }) => isFinalSessionPhase(status?.phase),
  });
}

/** As followSession, for a RestoreBatch. */
export function followRestore(client: KubeClient, teller: Teller, run: RunName): Promise<RestoreBatch> {
  return follow(teller, {
    what: `RestoreBatch ${run.name}`,
    timeoutMs: run.timeoutMs,
    read: () => client.get(KINDS.RestoreBatch, run.namespace, run.name, parseRestoreBatch),
    membersOf: membersOfRestore,
    phaseOf: ({ status }) => status?.phase,
    isFinal: ({ status }) => isFinalRestorePhase(status?.phase),
  });
}
