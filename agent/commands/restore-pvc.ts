/** `restore-pvc`: a job step that restores into the volume that is mounted into it. The rules are read from the restore. */
import { flagBoolean, flagText, requireFlags } from "../flags.ts";
import { gatherJobSettings } from "../job/job-settings.ts";
import { serveRestore } from "../restore/serve-restore.ts";
import { writeTermination } from "../termination.ts";
import { jobIdentity } from "./job-identity.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when the host's data is restored */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags } = settings;
  const flag = requireFlags(flags, ["invoker-kind", "invoker-name"]);
  const end = await serveRestore({
    settings,
    self: jobIdentity(settings),
    invoker: { kind: flag("invoker-kind"), name: flag("invoker-name") },
    shutdown: shutdownSignal(),
    onMissing: "Fail",
    isVerified: flagBoolean(flags, "verify", false),
    targetFolder: flagText(flags, "restore-target") ?? "/",
    isOneTurn: true,
    onWait: (why) => settings.log.info({ why }, "waiting"),
  });
  settings.log.info({ code: end.code, why: end.why }, "job ended");
  writeTermination(end.why);
  return end.code;
}
