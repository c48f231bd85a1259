/** One host's turn in a backup session, from the first report to the last. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import { agentPart } from "../../shared/hooks/parts.ts";
import { normalPaths } from "../../shared/paths.ts";
import { requireArguments } from "../../shared/repository/restic-options.ts";
import type { SnapshotOrigin } from "../../shared/snapshots/tags.ts";
import { findEarlier, NOTHING_EARLIER } from "../backup/adopt.ts";
import { backupHost } from "../backup/host.ts";
import { gatherVolumes } from "../backup/mounts.ts";
import { buildHostResult, type HostResult, type PathOutcome } from "../backup/outcome.ts";
import { type Heartbeat, startHeartbeat } from "../backup/progress.ts";
import { asUserError } from "../file-faults.ts";
import { createHostHooks, type HookRunner } from "../hooks/host.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import { requireFewStarts } from "../restarts.ts";
import { summaryOf } from "./hook-summary.ts";
import { openForBackup } from "./open-for-backup.ts";
import { originOf } from "./origin.ts";
import { reporterOf, type TurnPorts, withLockOf } from "./turn-ports.ts";

interface Turn {
  readonly run: HostRun;
  readonly reporter: RunReporter;
  readonly ports: TurnPorts;
  /** Of the first start, also when this is a later one. */
  readonly startedAt: string;
  readonly starts: number;
}

export type HostPhase = HostResult["phase"];

/** What is backed up. */
interface Plan {
  readonly origin: SnapshotOrigin;
  /** Each path once; none where something else than files is saved. */
  readonly paths: readonly string[];
}

/** Runs the turn and reports its result. @returns the result's phase; undefined when it was cut short or is not ours */
export async function runHostTurn(run: HostRun, ports: TurnPorts): Promise<HostPhase | undefined> {
  const { log, now } = ports;
  const reporter = reporterOf(run, ports);
  const isResumed = run.status?.phase === "Running";
  const startedAt = (isResumed ? run.status?.startedAt : undefined) ?? now().toISOString();
  const starts = (run.status?.starts ?? 0) + 1;
  const turn: Turn = { run, reporter, ports, startedAt, starts };
  // Counted before the work: what kills it must not go uncounted.
  reporter.set({
    phase: "Running",
    starts,
    startedAt,
    error: "",
    reason: "",
    progress: { heartbeat: now().toISOString() },
  });
  if (!(await reporter.flush())) return undefined;
  log.info({ session: run.spec.run.name, host: run.spec.host, starts }, "host started");
  const heartbeat = startHeartbeat(reporter, now, { everySeconds: run.spec.heartbeatSeconds });
  try {
    const result = await conduct(turn, heartbeat);
    return (await reporter.flush()) ? result?.phase : undefined;
  } finally {
    heartbeat.stop();
  }
}

/** The work between first and last report. @returns undefined when it was cut short or is not ours any more */
async function conduct(turn: Turn, heartbeat: Heartbeat): Promise<HostResult | undefined> {
  const { ports, reporter, run } = turn;
  const { host } = run.spec;
  const hooks = hooksOf(turn);
  let outcomes: readonly PathOutcome[] = [];
  let failure: UserError | undefined;
  try {
    requireFewStarts(turn.starts, `host ${host}`);
    outcomes = await save(turn, planBackup(run, ports), hooks, heartbeat);
  } catch (error) {
    failure = asUserError(error);
  }
  const stopped = ports.stopper.reason();
  if (stopped?.kind === "shutdown" && !isWhole(outcomes, failure)) {
    ports.log.info({ host }, "stopped in the middle; the next start goes on");
    reporter.set({ reason: "RESTIC_KILLED", error: formatCutShort(run.spec.graceSeconds) });
    return undefined;
  }
  if (stopped?.kind === "failed") failure = stopped.error;
  if (stopped?.kind === "lost") failure = new UserError("EXECUTOR_LOST", "the host was given to another pod");
  const before = resultOf(turn, outcomes, failure);
  const hookFailure = await hooks.after(summaryOf(run, ports.now(), before), (run.spec.retryLeft ?? 0) > 0);
  if (stopped?.kind === "lost") return undefined;
  const result = hookFailure === undefined ? before : withHookFailure(before, hookFailure);
  reporter.set({ ...result, locks: [], progress: heartbeat.current() });
  ports.log.info({ host, phase: result.phase, reason: result.reason, error: result.error }, "host ended");
  return result;
}

function formatCutShort(graceSeconds: number | undefined): string {
  const ofGrace =
    graceSeconds === undefined
      ? ""
      : ` before the backup was whole: the pod has terminationGracePeriodSeconds: ${graceSeconds}`;
  return `the container was stopped${ofGrace}; its next start, or the pod that follows, goes on`;
}

/** The after-hook comes when the data is saved: that it failed is told beside the result, and the reconciler judges it. */
function withHookFailure(result: HostResult, failure: UserError): HostResult {
  return { ...result, warnings: [...result.warnings, failure.message] };
}

function resultOf(turn: Turn, outcomes: readonly PathOutcome[], failure: UserError | undefined): HostResult {
  return buildHostResult(outcomes, failure, { startedAt: turn.startedAt, now: turn.ports.now() });
}

/** @throws UserError NOT_FOUND when the invoker no longer names the target, TARGET_INVALID when there is nothing to save */
function planBackup(run: HostRun, ports: TurnPorts): Plan {
  if (ports.saveHost === undefined) requireArguments(run.spec.backup?.args ?? [], "backup");
  const origin = originOf(run);
  const named = normalPaths(run.spec.backup?.paths ?? []);
  const paths = named.length > 0 ? named : ports.defaultPaths;
  // What is not a file has no paths.
  if (paths.length === 0 && ports.saveHost === undefined) {
    throw new UserError("TARGET_INVALID", "the member names no paths to back up", {
      next: "Set target.paths in the invoker.",
    });
  }
  return { paths, origin };
}

function hooksOf({ run, ports, reporter }: Turn): HookRunner {
  const { settings, log, now } = ports;
  return createHostHooks(
    {
      before: run.spec.hooks?.before,
      after: run.spec.hooks?.after,
      afterPolicy: run.spec.hooks?.afterPolicy,
      beforeType: "preBackup",
      afterType: "postBackup",
      recorded: run.status?.hooks ?? [],
      hostname: run.spec.host,
      podUid: settings.pod.uid,
    },
    { podIp: settings.pod.ip, reporter, log, now, signal: ports.stopper.signal },
  );
}

async function save(turn: Turn, plan: Plan, hooks: HookRunner, heartbeat: Heartbeat): Promise<readonly PathOutcome[]> {
  const { ports, run, reporter } = turn;
  const { stopper, log, now } = ports;
  const { origin } = plan;
  // Only a host that was taken up before can have snapshots that nobody was told of.
  const mayHaveEarlier = run.status?.phase === "Running" || (run.spec.attempt ?? 1) > 1;
  const opensBySaving =
    ports.saveHost === undefined && !mayHaveEarlier && agentPart(run.spec.hooks?.before) === undefined;
  const restic = await openForBackup(run, reporter, ports, opensBySaving);
  stopper.signal.throwIfAborted();
  await hooks.before(summaryOf(run, now(), undefined));
  const withLock = withLockOf(run, restic, reporter, ports);
  const { host } = run.spec;
  const adopt = async (path: string) =>
    mayHaveEarlier ? findEarlier(restic, { path, host, origin }, stopper.signal) : NOTHING_EARLIER;
  const onSaved = (snapshots: readonly SnapshotStats[]) => reporter.set({ snapshots });
  return (ports.saveHost ?? backupHost)(
    {
      hostname: host,
      paths: plan.paths,
      exclude: run.spec.backup?.exclude ?? [],
      args: run.spec.backup?.args ?? [],
      origin,
      appBinding: run.spec.appBinding,
      mounts: gatherVolumes(),
      leftOut: run.spec.backup?.leftOut ?? [],
      earlier: run.status?.snapshots ?? [],
    },
    { restic, withLock, signal: stopper.signal, log, now, onProgress: heartbeat.update, onSaved, adopt },
  );
}

/** Whether nothing was cut short: then a stop of the container does not matter any more. */
function isWhole(outcomes: readonly PathOutcome[], failure: UserError | undefined): boolean {
  return (
    failure === undefined &&
    outcomes.length > 0 &&
    outcomes.every((outcome) => outcome.kind === "saved" || outcome.error.code !== "RESTIC_KILLED")
  );
}
