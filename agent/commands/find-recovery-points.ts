/** `find-recovery-points`: a job that looks for what `spec.session` or `spec.asOf` of a restore may mean. */
import { parseFlags, requireFlags } from "../flags.ts";
import { findPoints } from "../restore/find-points.ts";
import { restoreObject } from "../restore/restore-object.ts";
import { gatherSettings } from "../settings.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when what was found stands in the restore's status */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const flag = requireFlags(flags, ["invoker-kind", "invoker-name"]);
  const settings = gatherSettings(flags, process.env);
  const object = restoreObject(flag("invoker-kind"), settings.pod.namespace, flag("invoker-name"));
  return (await findPoints(object, settings, shutdownSignal())) ? 0 : 1;
}
