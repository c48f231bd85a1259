/** The steps of a job whose data is a database. What comes of them is in the host run. */
import type { DatabaseName } from "../../shared/databases.ts";
import { shutdownSignal } from "../commands/shutdown.ts";
import { dumpHost, loadHost } from "../dump/host.ts";
import { flagBoolean } from "../flags.ts";
import { serveRestore } from "../restore/serve.ts";
import { writeTermination } from "../termination.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { gatherJobSettings } from "./settings.ts";

/** Serves the host's turn of a backup. @returns 0 when the dump is saved */
export async function runDumpStep(argv: readonly string[], kind: DatabaseName): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const end = await serveBackups({
    settings,
    shutdown: shutdownSignal(),
    lingerMs: flagBoolean(settings.flags, "linger", false) ? Number.POSITIVE_INFINITY : 0,
    defaultPaths: [],
    saveHost: dumpHost({ kind, settings }),
  });
  settings.log.info({ phase: end.phase }, "job ended");
  return end.phase === "Succeeded" ? 0 : 1;
}

/** Serves the host's turn of a restore. @returns 0 when the dump is loaded */
export async function runLoadStep(argv: readonly string[], kind: DatabaseName): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { log } = settings;
  const end = await serveRestore({
    settings,
    shutdown: shutdownSignal(),
    isVerified: false,
    targetFolder: "/",
    isOneTurn: true,
    onWait: (why) => log.info({ why }, "waiting"),
    restoreHost: loadHost({ kind, settings }),
  });
  log.info({ code: end.code, why: end.why }, "job ended");
  writeTermination(end.why);
  return end.code;
}
