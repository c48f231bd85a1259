/** `update-status`: the last step of a job whose addon is not ours. It reports what the addon left in output.json. */
import { flagBoolean } from "../flags.ts";
import { readAddonResult } from "../job/addon-output.ts";
import { serveSession } from "../work/serve-session.ts";
import { type OpenedStep, openStep } from "./job-step.ts";

/** @returns 0 when the host succeeded and that is stored */
export async function run(argv: readonly string[]): Promise<number> {
  const step = await openStep(argv);
  const code = await report(step);
  if (step.entry.kind === "backup") await linger(step);
  return code;
}

/** The last step of a job can be given the work on the repository, where no sidecar could do it. */
async function linger({ entry, settings, self, shutdown }: OpenedStep): Promise<void> {
  const isLingering = flagBoolean(settings.flags, "linger", true);
  if (!isLingering) return;
  await serveSession({
    settings,
    self,
    sessionName: entry.name,
    shutdown,
    isLingering,
    isMaintenance: true,
    defaultPaths: [],
  });
}

async function report({ entry, output, settings }: OpenedStep): Promise<number> {
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
