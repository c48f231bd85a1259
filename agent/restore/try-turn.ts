/**
 * A host's turn in a restore that only tells what it would do, in the sidecar whose files those are: the same choice and the same look as of
 * a restore, then restic's own dry run. Not even a lock is written.
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import { MAX_TOLD_FILES, type RestoredSnapshot, type TriedHost } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import { requireArguments } from "../../shared/repository/restic-options.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import { selectForHost } from "../../shared/target/restore-rules.ts";
import { startHeartbeat } from "../backup/progress.ts";
import { asUserError } from "../file-faults.ts";
import { requireFewStarts } from "../restarts.ts";
import type { Restic } from "../restic/client.ts";
import { DRY_RUN, NO_DRY_RUN } from "../restic/dry-run.ts";
import { openRepository } from "../work/repository.ts";
import { reporterOf, type WorkPorts } from "../work/turn-ports.ts";
import { lookAtSnapshots } from "./look.ts";
import type { HostRestore } from "./order.ts";
import { buildRestoreResult } from "./outcome.ts";
import { createTried } from "./tried.ts";

function tooOld(): UserError {
  return new UserError(
    "RESTIC_FAILED",
    "the sidecar's restic has no dry run of a restore: restic 0.17 and later have it",
    {
      next: "Give the workload the installation's present image, which brings one: any change of its template does.",
    },
  );
}

export interface TryPorts {
  readonly restic: Restic;
  readonly signal: AbortSignal;
}

/** @throws UserError when a wanted snapshot is missing, or restic can't try */
export async function tryHost(
  restore: Omit<HostRestore, "isVerified">,
  { restic, signal }: TryPorts,
): Promise<TriedHost> {
  // What they refuse could make it a real restore.
  requireArguments(restore.args, "restore");
  const whole = { ...restore, isVerified: false };
  const selection = selectForHost(restore.rules, restore.host, restore.point);
  const seen = await lookAtSnapshots(whole, selection, { restic, signal });
  const tried = createTried();
  const snapshots: RestoredSnapshot[] = [];
  for (const { snapshot, size } of seen) {
    const exit = await restic.restore(
      {
        snapshotId: snapshot.id,
        targetFolder: restore.targetFolder,
        include: selection.include,
        exclude: selection.exclude,
        args: restore.args,
        flags: DRY_RUN,
        isVerified: false,
      },
      { signal, onLine: tried.add },
    );
    if (exit.tail.some((line) => NO_DRY_RUN.test(line))) throw tooOld();
    if (exit.code !== 0) throw restic.fault("dry run of the restore", exit);
    const { id, paths, time } = snapshot;
    snapshots.push({
      id,
      path: paths.join(","),
      time: new Date(time).toISOString(),
      sizeBytes: size.bytes,
      files: size.files,
    });
  }
  const sum = tried.sum();
  return { ...sum, overwritten: sum.overwritten.slice(0, MAX_TOLD_FILES), snapshots };
}

/** Runs the turn and reports its result. @returns the result's phase; undefined when it was cut short or is not ours any more */
export async function runTryTurn(run: HostRun, ports: WorkPorts): Promise<"Succeeded" | "Failed" | undefined> {
  const { settings, stopper, log, now } = ports;
  const { spec, metadata } = run;
  const reporter = reporterOf(run, ports);
  const startedAt = now().toISOString();
  const starts = (run.status?.starts ?? 0) + 1;
  reporter.set({ phase: "Running", starts, startedAt, error: "", reason: "", progress: { heartbeat: startedAt } });
  if (!(await reporter.flush())) return undefined;
  const heartbeat = startHeartbeat(reporter, now, { everySeconds: spec.heartbeatSeconds });
  try {
    let failure: UserError | undefined;
    try {
      requireFewStarts(starts, `host ${spec.host}`);
      const isCacheEnabled = spec.disableCaching !== true;
      // What the sidecar does not have now was not mounted for its backups.
      const options = { settings, isCacheEnabled, signal: stopper.signal, secretWaitMs: 0 };
      const tried = await tryHost(
        {
          host: {
            target: resolveTargetRef(spec.target, metadata.namespace),
            alias: spec.alias,
            hostname: spec.host,
            podName: settings.pod.name,
          },
          rules: spec.restore?.rules ?? [],
          point: spec.restore?.point,
          args: spec.restore?.args ?? [],
          targetFolder: "/",
          runsAs: process.geteuid?.() ?? 0,
        },
        { restic: await openRepository(spec.repository, options), signal: stopper.signal },
      );
      reporter.set({ tried });
    } catch (error) {
      failure = asUserError(error);
    }
    const stopped = stopper.reason();
    if (stopped?.kind === "lost" || (stopped?.kind === "shutdown" && failure !== undefined)) return undefined;
    if (stopped?.kind === "failed") failure = stopped.error;
    const result = buildRestoreResult([], [], failure, { startedAt, now: now() });
    reporter.set({ ...result, progress: heartbeat.current() });
    log.info({ host: spec.host, phase: result.phase, reason: result.reason }, "restore tried");
    return (await reporter.flush()) ? result.phase : undefined;
  } finally {
    heartbeat.stop();
  }
}
