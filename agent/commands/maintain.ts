/** `maintain`: a job step for the work on the repository that a host run asks for, where no agent of the session lives. */
import { parseFlags } from "../flags.ts";
import { gatherSettings } from "../settings.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when all that was asked for was tried; what became of it stands in the host run */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherSettings(parseFlags(argv), process.env);
  await serveBackups({
    settings,
    shutdown: shutdownSignal(),
    lingerMs: 0,
    leavesTurns: true,
    defaultPaths: [],
  });
  return 0;
}
