/** `update-status`: the last step of a job whose addon is not ours. It reports what the addon left in output.json. */
import { flagBoolean } from "../flags.ts";
import { readAddonResult } from "../job/addon-output.ts";
import { isEnded } from "../turn.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { type OpenedStep, openStep } from "./job-step.ts";

/** @returns 0 when the host succeeded and that is stored */
export async function run(argv: readonly string[]): Promise<number> {
  const step = await openStep(argv);
  const code = await report(step);
  if (step.isBackup) await linger(step);
  return code;
}

/** The last step of a job can be given the work on the repository, where no sidecar could do it. */
async function linger({ settings, shutdown }: OpenedStep): Promise<void> {
  if (!flagBoolean(settings.flags, "linger", true)) return;
  const lingerMs = Number.POSITIVE_INFINITY;
  await serveBackups({ settings, shutdown, lingerMs, leavesTurns: true, defaultPaths: [] });
}

async function report({ run: order, reporter, output, settings, isBackup }: OpenedStep): Promise<number> {
  // Our own steps report by themselves.
  if (isEnded(order)) return order.status?.phase === "Succeeded" ? 0 : 1;
  const result = readAddonResult(output, order.spec.host, isBackup);
  const { snapshots, ...rest } = result;
  const finishedAt = new Date().toISOString();
  reporter.set({
    ...rest,
    ...(isBackup && { snapshots }),
    finishedAt,
    startedAt: order.status?.startedAt ?? finishedAt,
    progress: { heartbeat: finishedAt },
  });
  const isStored = await reporter.flush();
  const { phase, reason } = result;
  settings.log.info({ host: order.spec.host, phase, reason, isStored }, "addon's result");
  return isStored && phase === "Succeeded" ? 0 : 1;
}
