/** `update-status`: the last step of a job whose addon is not ours. It reports what the addon left in output.json. */
import type { UserError } from "../../shared/errors.ts";
import { startHeartbeat } from "../backup/progress.ts";
import { asUserError } from "../file-faults.ts";
import { flagBoolean } from "../flags.ts";
import { type AddonResult, failedAddon, readAddonResult } from "../job/addon-output.ts";
import { tagSnapshots } from "../job/tag-snapshots.ts";
import { createApi } from "../kube/api.ts";
import { watchOwnRuns } from "../own-runs.ts";
import { isEnded } from "../turn.ts";
import { guardWork } from "../work/guard.ts";
import { openRepository } from "../work/repository.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { createStopper } from "../work/stop.ts";
import { withLockOf } from "../work/turn-ports.ts";
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
  const judged = isBackup && told.phase === "Succeeded" ? await judge(step, told) : told;
  if (judged === undefined) return 1;
  const cancelled = reporter.cancelled();
  const result: AddonResult = cancelled === undefined ? judged : { ...judged, ...failureOf(cancelled) };
  const { snapshots, ...rest } = result;
  const finishedAt = new Date().toISOString();
  reporter.set({
    ...rest,
    ...(isBackup && { snapshots, locks: [] }),
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

/**
 * Looks for what the addon says that it saved, and writes down whose it is. The session's other hosts may hold the repository for long, so it says
 * meanwhile that it lives.
 *
 * @returns undefined when the host is not ours any more
 */
async function judge(step: OpenedStep, told: AddonResult): Promise<AddonResult | undefined> {
  const { run: order, reporter, settings, shutdown } = step;
  const { identity, log, pod } = settings;
  const now = () => new Date();
  const end = new AbortController();
  const runs = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, signal: end.signal, log });
  const stopper = createStopper();
  const onShutdown = () => stopper.stop({ kind: "shutdown" });
  shutdown.addEventListener("abort", onShutdown, { once: true });
  reporter.lost.addEventListener("abort", () => stopper.stop({ kind: "lost" }), { once: true });
  const heartbeat = startHeartbeat(reporter, now, { everySeconds: order.spec.heartbeatSeconds });
  let unguard = () => {};
  try {
    while (runs.list() === undefined && !stopper.signal.aborted) await runs.changed(stopper.signal);
    // What was given up before is tagged too, as a part: then it is known whose it is.
    const why = reporter.cancelled()?.code;
    if (why === undefined) unguard = guardWork(order, { runs, stopper, log });
    const { signal } = stopper;
    const restic = await openRepository(order.spec.repository, { settings, isCacheEnabled: true, signal });
    const ports = { settings, api: createApi(identity), runs, stopper, log, dead: () => [], now };
    const withLock = withLockOf(order, restic, reporter, ports);
    await tagSnapshots(order, told.snapshots, { restic, withLock, signal }, why);
    return told;
  } catch (thrown) {
    const stopped = stopper.reason();
    if (stopped?.kind === "lost") return undefined;
    return failedAddon(stopped?.kind === "failed" ? stopped.error : asUserError(thrown));
  } finally {
    unguard();
    heartbeat.stop();
    shutdown.removeEventListener("abort", onShutdown);
    end.abort();
  }
}
