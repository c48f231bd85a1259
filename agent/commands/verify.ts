/** `verify`: a Job that compares what a drill has restored with the snapshots that it came from. */
import { parseFlags } from "../flags.ts";
import { gatherSettings } from "../settings.ts";
import { serveVerify } from "../verify/serve.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when what was found is told, good or bad: it stands in the host run */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherSettings(parseFlags(argv), process.env);
  return (await serveVerify(settings, shutdownSignal())) ? 0 : 1;
}
