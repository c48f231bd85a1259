/** What `update-status` and `run-hook` share: their host run, and the addon's output. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostRun } from "../../shared/api/host-run.ts";
import { type Heartbeat, startHeartbeat } from "../backup/progress.ts";
import { flagText } from "../flags.ts";
import { awaitJobRun } from "../job/find-run.ts";
import { gatherJobSettings } from "../job/settings.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import type { AgentSettings } from "../settings.ts";
import { shutdownSignal } from "./shutdown.ts";

export interface OpenedStep {
  readonly settings: AgentSettings;
  readonly shutdown: AbortSignal;
  readonly run: HostRun;
  readonly reporter: RunReporter;
  /** Begun with the step: what it does may take longer than an agent may be silent. Whoever opened the step stops it. */
  readonly heartbeat: Heartbeat;
  readonly isBackup: boolean;
  /** Text of the addon's output.json; undefined when there is none. */
  readonly output: string | undefined;
  flag(name: string): string | undefined;
}

function readOutput(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    return readFileSync(join(folder, "output.json"), "utf8");
  } catch {
    return undefined;
  }
}

/** @throws UserError when the host's turn does not come */
export async function openStep(argv: readonly string[]): Promise<OpenedStep> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags } = settings;
  const shutdown = shutdownSignal();
  const { run, reporter } = await awaitJobRun(settings, shutdown);
  return {
    settings,
    shutdown,
    run,
    reporter,
    heartbeat: startHeartbeat(reporter, () => new Date(), { everySeconds: run.spec.heartbeatSeconds }),
    isBackup: run.spec.work === "Backup",
    output: readOutput(flagText(flags, "output-dir")),
    flag: (name) => flagText(flags, name),
  };
}
