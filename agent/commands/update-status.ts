/** `update-status`: the last step of a job whose addon is not ours. It reports what the addon left in output.json. */
import { readAddonResult } from "../job/addon-output.ts";
import { openStep } from "./job-step.ts";

/** @returns 0 when the addon succeeded and that is stored */
export async function run(argv: readonly string[]): Promise<number> {
  const { entry, output, settings } = await openStep(argv);
  // Our own steps report by themselves.
  if (entry.phase === "Succeeded" || entry.phase === "Failed") return entry.phase === "Succeeded" ? 0 : 1;
  const result = readAddonResult(output, entry.hostname, entry.kind === "backup");
  const { snapshots, ...report } = result;
  const finishedAt = new Date().toISOString();
  entry.reporter.set({
    ...report,
    ...(entry.kind === "backup" && { snapshots }),
    finishedAt,
    startedAt: entry.startedAt ?? finishedAt,
    progress: { heartbeat: finishedAt },
  });
  const isStored = await entry.reporter.flush();
  settings.log.info({ host: entry.hostname, phase: result.phase, reason: result.reason, isStored }, "addon's result");
  return isStored && result.phase === "Succeeded" ? 0 : 1;
}
