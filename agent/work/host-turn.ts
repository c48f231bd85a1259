/** One host's turn in a backup session, from the first report to the last. */

import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { STASH_GROUP } from "../../shared/contract.ts";
import { formatDuration } from "../../shared/duration.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { findEarlierSnapshot } from "../backup/adopt.ts";
import { backupHost } from "../backup/host-backup.ts";
import { buildHostResult, type HostResult, type PathOutcome } from "../backup/outcome.ts";
import { type Heartbeat, startHeartbeat } from "../backup/progress.ts";
import { createHostHooks, type HookRunner } from "../hooks/host-hooks.ts";
import type { AgentBackupSession } from "../parse/backup-session.ts";
import type { EntryReporter } from "../report/entry-reporter.ts";
import type { OwnEntry } from "../turn.ts";
import { type BackupPlan, planBackup } from "./backup-plan.ts";
import { openForBackup } from "./open-for-backup.ts";
import { reporterOf, type TurnPorts, withLockOf } from "./turn-ports.ts";

interface Turn {
  readonly session: AgentBackupSession;
  readonly own: OwnEntry;
  readonly reporter: EntryReporter;
  readonly ports: TurnPorts;
  /** Of the first start, also when this is a later one. */
  readonly startedAt: string;
}

export type HostPhase = HostResult["phase"];

/** Runs the turn and reports its result. @returns the result's phase; undefined when it was cut short or is not ours */
export async function runHostTurn(
  session: AgentBackupSession,
  own: OwnEntry,
  ports: TurnPorts,
): Promise<HostPhase | undefined> {
  const { log, now } = ports;
  const reporter = reporterOf(session, own, ports);
  const isResumed = own.entry.phase === "Running";
  const startedAt = (isResumed ? own.entry.startedAt : undefined) ?? now().toISOString();
  const turn: Turn = { session, own, reporter, ports, startedAt };
  reporter.set({ phase: "Running", startedAt, error: "", reason: "", progress: { heartbeat: now().toISOString() } });
  if (!(await reporter.flush())) return undefined;
  log.info({ session: session.metadata.name, host: own.hostname, isResumed }, "host started");
  const heartbeat = startHeartbeat(reporter, now);
  try {
    const result = await conduct(turn, heartbeat);
    return (await reporter.flush()) ? result?.phase : undefined;
  } finally {
    heartbeat.stop();
  }
}

/** The work between first and last report. @returns undefined when it was cut short or is not ours any more */
async function conduct(turn: Turn, heartbeat: Heartbeat): Promise<HostResult | undefined> {
  const { ports, reporter, own } = turn;
  let outcomes: readonly PathOutcome[] = [];
  let failure: UserError | undefined;
  let hooks: HookRunner | undefined;
  try {
    const plan = await planBackup(turn.session, own, ports);
    hooks = hooksOf(turn, plan);
    outcomes = await save(turn, plan, hooks, heartbeat);
  } catch (error) {
    failure = asUserError(error);
  }
  const stopped = ports.stopper.reason();
  if (stopped?.kind === "shutdown" && !isWhole(outcomes, failure)) {
    ports.log.info({ host: own.hostname }, "stopped in the middle; the next start goes on");
    reporter.set({ reason: "RESTIC_KILLED", error: "the container was stopped; its next start goes on" });
    return undefined;
  }
  if (stopped?.kind === "failed") failure = stopped.error;
  if (stopped?.kind === "lost") failure = new UserError("EXECUTOR_LOST", "the host was given to another pod");
  const before = resultOf(turn, outcomes, failure);
  const hookFailure = await hooks?.after(summaryOf(turn, before), (turn.session.spec.retryLeft ?? 0) > 0);
  if (stopped?.kind === "lost") return undefined;
  const result = hookFailure === undefined ? before : withHookFailure(before, hookFailure);
  reporter.set({ ...result, locks: [], progress: heartbeat.current() });
  ports.log.info({ host: own.hostname, phase: result.phase, reason: result.reason, error: result.error }, "host ended");
  return result;
}

/** The after-hook comes when the data is saved: that it failed is told beside the result, and the reconciler judges it. */
function withHookFailure(result: HostResult, failure: UserError): HostResult {
  return { ...result, warnings: [...result.warnings, failure.message] };
}

function resultOf(turn: Turn, outcomes: readonly PathOutcome[], failure: UserError | undefined): HostResult {
  return buildHostResult(outcomes, failure, { startedAt: turn.startedAt, now: turn.ports.now() });
}

function hooksOf(turn: Turn, plan: BackupPlan): HookRunner {
  const { ports, own, reporter } = turn;
  const { settings, log, now } = ports;
  return createHostHooks(
    {
      before: plan.member.spec.hooks?.preBackup,
      after: plan.member.spec.hooks?.postBackup,
      beforeType: "preBackup",
      afterType: "postBackup",
      recorded: own.entry.hooks ?? [],
      hostname: own.hostname,
      podUid: settings.pod.uid,
    },
    { env: settings.env, podIp: settings.pod.ip, reporter, log, now },
  );
}

function summaryOf({ session, own, ports }: Turn, result: HostResult | undefined): HookSummary {
  const { metadata, spec } = session;
  const createdAtMs = Date.parse(metadata.creationTimestamp ?? "") || ports.now().getTime();
  const seconds = Math.round((ports.now().getTime() - createdAtMs) / 1_000);
  const ref = own.target.ref;
  return {
    Name: metadata.name,
    Namespace: metadata.namespace,
    Invoker: { APIGroup: STASH_GROUP, Kind: spec.invoker?.kind ?? "", Name: spec.invoker?.name ?? "" },
    Target: {
      APIVersion: ref?.apiVersion ?? "",
      Kind: ref?.kind ?? "",
      Name: ref?.name ?? "",
      Namespace: ref?.namespace ?? metadata.namespace,
    },
    Status: {
      Phase: result?.phase ?? "Succeeded",
      Duration: formatDuration(Math.max(0, seconds) * 1_000),
      Error: result?.error ?? "",
    },
    RetryLeft: spec.retryLeft ?? 0,
  };
}

async function save(
  turn: Turn,
  plan: BackupPlan,
  hooks: HookRunner,
  heartbeat: Heartbeat,
): Promise<readonly PathOutcome[]> {
  const { ports, own, reporter, session } = turn;
  const { stopper, log, now } = ports;
  const { origin } = plan;
  const restic = await openForBackup(session, own, plan, reporter, ports);
  stopper.signal.throwIfAborted();
  await hooks.before(summaryOf(turn, undefined));
  const withLock = withLockOf(own, restic, reporter, ports);
  // Only an entry that was taken up before can have snapshots that the status does not tell.
  const mayHaveEarlier = own.entry.phase === "Running" || (own.entry.attempt ?? 1) > 1;
  const host = own.hostname;
  const adopt = async (path: string) =>
    mayHaveEarlier ? findEarlierSnapshot(restic, { path, host, origin }, stopper.signal) : undefined;
  const onSaved = (snapshots: readonly SnapshotStats[]) => reporter.set({ snapshots });
  const { target } = plan.member.spec;
  return (ports.saveHost ?? backupHost)(
    {
      hostname: host,
      paths: plan.paths,
      exclude: target?.exclude ?? [],
      args: target?.args ?? [],
      origin,
      earlier: own.entry.snapshots ?? [],
    },
    { restic, withLock, signal: stopper.signal, log, now, onProgress: heartbeat.update, onSaved, adopt },
  );
}

function asUserError(thrown: unknown): UserError {
  if (thrown instanceof UserError) return thrown;
  const isAbort = thrown instanceof Error && thrown.name === "AbortError";
  return new UserError(isAbort ? "RESTIC_KILLED" : "INTERNAL", messageOf(thrown), { cause: thrown });
}

/** Whether nothing was cut short: then a stop of the container does not matter any more. */
function isWhole(outcomes: readonly PathOutcome[], failure: UserError | undefined): boolean {
  return (
    failure === undefined &&
    outcomes.length > 0 &&
    outcomes.every((outcome) => outcome.kind === "saved" || outcome.error.code !== "RESTIC_KILLED")
  );
}
