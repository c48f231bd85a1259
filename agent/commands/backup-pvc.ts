/** `backup-pvc`: a job step that backs up the files of the volume that is mounted into it. */
import { Path } from "../../shared/contract.ts";
import { flagBoolean, flagText } from "../flags.ts";
import { gatherJobSettings } from "../job/settings.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { shutdownSignal } from "./shutdown.ts";

/** Values of a comma-separated flag. */
function listFlag(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((part) => part !== "");
}

/** @returns 0 when the host's data is saved */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags } = settings;
  const paths = listFlag(flagText(flags, "backup-paths"));
  const end = await serveBackups({
    settings,
    shutdown: shutdownSignal(),
    // A job that stays can be given the work on the repository, where no sidecar could do it.
    lingerMs: flagBoolean(flags, "linger", false) ? Number.POSITIVE_INFINITY : 0,
    defaultPaths: paths.length > 0 ? paths : [Path.PvcTarget],
  });
  settings.log.info({ phase: end.phase }, "job ended");
  return end.phase === "Succeeded" ? 0 : 1;
}
