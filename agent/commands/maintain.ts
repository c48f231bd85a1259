/** `maintain`: a job step for the work on the repository that a host's entry carries, where no agent of the session lives. */
import { parseFlags, requireFlags } from "../flags.ts";
import { gatherSettings } from "../settings.ts";
import { serveSession } from "../work/serve-session.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when all that was asked for was tried; what became of it stands in the entry's results */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const flag = requireFlags(flags, ["backupsession", "target-kind", "target-name", "hostname"]);
  const settings = gatherSettings(flags, process.env);
  const { pod, targetKey } = settings;
  await serveSession({
    settings,
    self: { targetKey, podName: pod.name, podUid: pod.uid, hostname: flag("hostname"), isAnyPod: true },
    sessionName: flag("backupsession"),
    shutdown: shutdownSignal(),
    isLingering: false,
    isMaintenance: true,
    defaultPaths: [],
  });
  return 0;
}
