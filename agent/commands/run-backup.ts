/** `run-backup`: the sidecar. */
import { parseFlags } from "../flags.ts";
import { relaunchLean } from "../lean.ts";
import { gatherSettings } from "../settings.ts";
import { runSidecar } from "../sidecar.ts";
import { shutdownSignal } from "./shutdown.ts";

/** Runs until SIGTERM. */
export async function run(argv: readonly string[]): Promise<number> {
  relaunchLean();
  const flags = parseFlags(argv);
  const settings = gatherSettings(flags, process.env);
  const { pod, targetKey, log } = settings;
  log.info({ target: targetKey, pod: pod.name }, "sidecar started");
  const script = process.argv[1] ?? "";
  await runSidecar({
    settings,
    shutdown: shutdownSignal(),
    workerArgv: [process.execPath, script],
    workerFlags: argv,
  });
  log.info({}, "sidecar ended");
  return 0;
}
