/** `backup-pvc`: a job step that backs up the files of the volume that is mounted into it. */
import { Path } from "../../shared/contract.ts";
import { flagBoolean, flagText, requireFlags } from "../flags.ts";
import { gatherJobSettings } from "../job/job-settings.ts";
import { serveSession } from "../work/serve-session.ts";
import { jobIdentity, listFlag } from "./job-identity.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when the host's data is saved */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags } = settings;
  const flag = requireFlags(flags, ["backupsession", "target-kind", "target-name"]);
  const paths = listFlag(flagText(flags, "backup-paths"));
  const end = await serveSession({
    settings,
    self: jobIdentity(settings),
    sessionName: flag("backupsession"),
    shutdown: shutdownSignal(),
    // A job that stays can be given the work on the repository, where no sidecar could do it.
    isLingering: flagBoolean(flags, "linger", false),
    defaultPaths: paths.length > 0 ? paths : [Path.PvcTarget],
  });
  settings.log.info({ phase: end.phase }, "job ended");
  return end.phase === "Succeeded" ? 0 : 1;
}
