/** `find-recovery-points`: a job that looks for what `spec.session` or `spec.asOf` of a restore may mean. */
import { parseFlags } from "../flags.ts";
import { findPoints } from "../restore/find-points.ts";
import { gatherSettings } from "../settings.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when what was found is told */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherSettings(parseFlags(argv), process.env);
  return (await findPoints(settings, shutdownSignal())) ? 0 : 1;
}
