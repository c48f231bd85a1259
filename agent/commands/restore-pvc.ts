/** `restore-pvc`: a job step that restores into the volume that is mounted into it. */
import { flagBoolean, flagText } from "../flags.ts";
import { gatherJobSettings } from "../job/settings.ts";
import { serveRestore } from "../restore/serve.ts";
import { writeTermination } from "../termination.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when the host's data is restored */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags } = settings;
  const end = await serveRestore({
    settings,
    shutdown: shutdownSignal(),
    isVerified: flagBoolean(flags, "verify", false),
    targetFolder: flagText(flags, "restore-target") ?? "/",
    isOneTurn: true,
    onWait: (why) => settings.log.info({ why }, "waiting"),
  });
  settings.log.info({ code: end.code, why: end.why }, "job ended");
  writeTermination(end.why);
  return end.code;
}
