/** `update-status`: the last step of a job whose addon is not ours. It reports what the addon left in output.json. */
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import { flagBoolean } from "../flags.ts";
import { readAddonResult } from "../job/addon-output.ts";
import { type TaggedSnapshots, tagSnapshots, untagged } from "../job/tag-snapshots.ts";
import { createWithLock } from "../locks/patience.ts";
import { watchOwnRuns } from "../own-runs.ts";
import { isEnded } from "../turn.ts";
import { openRepository } from "../work/repository.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { type OpenedStep, openStep } from "./job-step.ts";

/** @returns 0 when the host succeeded and that is stored */
export async function run(argv: readonly string[]): Promise<number> {
  const step = await openStep(argv);
  const code = await report(step).finally(() => step.heartbeat.stop());
  if (step.isBackup) await linger(step);
  return code;
}

/** The last step of a job can be given the work on the repository, where no sidecar could do it. */
async function linger({ settings, shutdown }: OpenedStep): Promise<void> {
  if (!flagBoolean(settings.flags, "linger", true)) return;
  const lingerMs = Number.POSITIVE_INFINITY;
  await serveBackups({ settings, shutdown, lingerMs, leavesTurns: true, defaultPaths: [] });
}

async function report(step: OpenedStep): Promise<number> {
  const { run: order, reporter, output, settings, isBackup } = step;
  // Our own steps report by themselves.
  if (isEnded(order)) return order.status?.phase === "Succeeded" ? 0 : 1;
  const told = readAddonResult(output, order.spec.host, isBackup);
  const isTagged = isBackup && told.phase === "Succeeded";
  const cancelled = reporter.cancelled();
  const result = cancelled === undefined ? told : { ...told, ...failureOf(cancelled) };
  const { snapshots: named, ...rest } = result;
  const { snapshots, warnings } = isTagged ? await tagged(step, named) : { snapshots: named, warnings: [] };
  const finishedAt = new Date().toISOString();
  reporter.set({
    ...rest,
    ...(isBackup && { snapshots }),
    ...(warnings.length > 0 && { warnings }),
    finishedAt,
    startedAt: order.status?.startedAt ?? finishedAt,
    progress: { heartbeat: finishedAt },
  });
  const isStored = await reporter.flush();
  const { phase, reason } = result;
  settings.log.info({ host: order.spec.host, phase, reason, isStored }, "addon's result");
  return isStored && phase === "Succeeded" ? 0 : 1;
}

/** Nothing that comes after a host was given up makes it a good one. */
function failureOf({ code, message }: UserError) {
  return { phase: "Failed", reason: code, error: message } as const;
}

/** The session's other hosts may hold the repository for a while. */
const LOCK_WAIT_MS = 5 * 60_000;

async function tagged(
  { run, reporter, settings, shutdown: signal }: OpenedStep,
  snapshots: readonly SnapshotStats[],
): Promise<TaggedSnapshots> {
  const { identity, log, pod } = settings;
  const end = new AbortController();
  const runs = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, signal: end.signal, log });
  try {
    const restic = await openRepository(run.spec.repository, { settings, isCacheEnabled: true, signal });
    const withLock = createWithLock({
      restic,
      signal,
      log,
      dead: () => [],
      now: () => new Date(),
      removable: () => (runs.get(run.metadata.name) ?? run).spec.actionParams?.removableLocks ?? [],
      changed: (limit) => runs.changed(limit),
      report: (locks) => reporter.set({ locks }),
      patienceMs: LOCK_WAIT_MS,
    });
    return await tagSnapshots(run, snapshots, { restic, withLock, signal }, reporter.cancelled()?.code);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return untagged(snapshots, error.message);
  } finally {
    end.abort();
  }
}
