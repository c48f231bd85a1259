/** One host's turn in a restore, from the first report to the last. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { UserError } from "../../shared/errors.ts";
import { requireArguments } from "../../shared/repository/restic-options.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import { type Heartbeat, startHeartbeat } from "../backup/progress.ts";
import { asUserError } from "../file-faults.ts";
import { createHostHooks, type HookRunner } from "../hooks/host.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import { requireFewStarts } from "../restarts.ts";
import { summaryOf } from "../work/hook-summary.ts";
import { openRepository } from "../work/repository.ts";
import { reporterOf, type WorkPorts, withLockOf } from "../work/turn-ports.ts";
import type { BegunMark } from "./begun-mark.ts";
import { type HostRestoreOutcome, restoreHost } from "./host.ts";
import { buildRestoreResult, type RestoreHostResult } from "./outcome.ts";
import { buildRestoreProgress } from "./progress.ts";

export interface RestoreTurnPorts extends WorkPorts {
  readonly begun: BegunMark;
  readonly isVerified: boolean;
  readonly targetFolder: string;
  /** What restores the host's data; files by default. */
  readonly restoreHost?: typeof restoreHost | undefined;
}

interface Conducted {
  readonly run: HostRun;
  readonly reporter: RunReporter;
  readonly heartbeat: Heartbeat;
  readonly ports: RestoreTurnPorts;
  readonly startedAt: string;
  readonly starts: number;
}

/** Runs the turn and reports its result. @returns the result's phase; undefined when it was cut short or is not ours */
export async function runRestoreTurn(
  run: HostRun,
  ports: RestoreTurnPorts,
): Promise<"Succeeded" | "Failed" | undefined> {
  const { log, now } = ports;
  const reporter = reporterOf(run, ports);
  const isResumed = run.status?.phase === "Running";
  const startedAt = (isResumed ? run.status?.startedAt : undefined) ?? now().toISOString();
  const starts = (run.status?.starts ?? 0) + 1;
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
  log.info({ restore: run.spec.run.name, host: run.spec.host, starts }, "host started");
  const heartbeat = startHeartbeat(reporter, now, { everySeconds: run.spec.heartbeatSeconds });
  try {
    const result = await conduct({ run, reporter, heartbeat, ports, startedAt, starts });
    return (await reporter.flush()) ? result?.phase : undefined;
  } finally {
    heartbeat.stop();
  }
}

/** The work between first and last report. @returns undefined when it was cut short or is not ours any more */
async function conduct(conducted: Conducted): Promise<RestoreHostResult | undefined> {
  const { run, reporter, ports, startedAt } = conducted;
  const { stopper, log, now } = ports;
  const hooks = hooksOf(conducted);
  const outcome = await work(conducted, hooks);
  const stopped = stopper.reason();
  if (stopped?.kind === "shutdown" && outcome.failure !== undefined) {
    reporter.set({ reason: "RESTIC_KILLED", error: "the container was stopped; its next start restores again" });
    return undefined;
  }
  const lost = new UserError("EXECUTOR_LOST", "the host was given to another pod");
  const failure = stopped?.kind === "failed" ? stopped.error : stopped?.kind === "lost" ? lost : outcome.failure;
  const result = buildRestoreResult(outcome.restored, outcome.warnings, failure, { startedAt, now: now() });
  if (result.phase === "Succeeded") ports.begun.clear();
  const hookFailure = await hooks.after(summaryOf(run, now(), result), false);
  if (stopped?.kind === "lost") return undefined;
  const warnings = hookFailure === undefined ? result.warnings : [...result.warnings, hookFailure.message];
  reporter.set({ ...result, warnings, locks: [], progress: conducted.heartbeat.current() });
  log.info({ host: run.spec.host, phase: result.phase, reason: result.reason, error: result.error }, "host ended");
  return result;
}

function hooksOf({ run, reporter, ports }: Conducted): HookRunner {
  const { settings, log, now } = ports;
  return createHostHooks(
    {
      before: run.spec.hooks?.before,
      after: run.spec.hooks?.after,
      afterPolicy: run.spec.hooks?.afterPolicy,
      beforeType: "preRestore",
      afterType: "postRestore",
      recorded: run.status?.hooks ?? [],
      hostname: run.spec.host,
      podUid: settings.pod.uid,
    },
    { podIp: settings.pod.ip, reporter, log, now, signal: ports.stopper.signal },
  );
}

async function work(conducted: Conducted, hooks: HookRunner): Promise<HostRestoreOutcome> {
  const { run, reporter, heartbeat, ports } = conducted;
  const { settings, stopper, log, now } = ports;
  const { spec, metadata } = run;
  const { signal } = stopper;
  try {
    requireFewStarts(conducted.starts, `host ${spec.host}`);
    if (ports.restoreHost === undefined) requireArguments(spec.restore?.args ?? [], "restore");
    const isCacheEnabled = spec.disableCaching !== true;
    const restic = await openRepository(spec.repository, { settings, isCacheEnabled, signal });
    const target = resolveTargetRef(spec.target, metadata.namespace);
    return await (ports.restoreHost ?? restoreHost)(
      {
        host: { target, alias: spec.alias, hostname: spec.host, podName: settings.pod.name },
        rules: spec.restore?.rules ?? [],
        point: spec.restore?.point,
        args: spec.restore?.args ?? [],
        appBinding: spec.appBinding,
        targetFolder: ports.targetFolder,
        isVerified: ports.isVerified,
        runsAs: process.geteuid?.() ?? 0,
      },
      {
        restic,
        signal,
        log,
        withLock: withLockOf(run, restic, reporter, ports),
        async beforeWrite() {
          await hooks.before(summaryOf(run, now(), undefined));
          const restore = `${spec.run.kind} ${metadata.namespace}/${spec.run.name}`;
          ports.begun.write({ restore, hostname: spec.host, onFailure: spec.restore?.onFailure ?? "Hold" });
        },
        onProgress: (progress) => heartbeat.update(buildRestoreProgress(progress)),
        onRestored: (restored) => reporter.set({ restored, progress: heartbeat.current() }),
      },
    );
  } catch (error) {
    return { restored: [], warnings: [], failure: asUserError(error) };
  }
}
