/** How far the members of a run are, for people who look on. Pure. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostStats, RestoreHostStats } from "../../shared/api/host-stats.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { RestoreSession } from "../../shared/api/restore-session.ts";

/** How far one member of a run is. */
export interface MemberState {
  readonly name: string;
  readonly phase: string;
  /** From 0 to 100, where the agent told it. */
  readonly percent: number | undefined;
  readonly bytesDone: number | undefined;
  /** What there is to add: hooks, errors. */
  readonly note: string;
  /** Milliseconds since the epoch; undefined while it has not begun or ended. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

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

/** A RestoreSession is a restore of one member. */
export const memberOfRestoreSession = ({ spec, status }: RestoreSession): readonly MemberState[] => {
  const { alias, ref } = spec.target ?? {};
  if (status === undefined) return [];
  const { phase, message, stats } = status;
  return [
    describeMember({
      ...(alias !== undefined && { alias }),
      ...(ref !== undefined && { ref }),
      ...(phase !== undefined && { phase }),
      ...(message !== undefined && { message }),
      ...(stats !== undefined && { stats }),
    }),
  ];
};
