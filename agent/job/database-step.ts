/** The steps of a job whose data is a database. What comes of them is in the host's entry. */
import { jobIdentity } from "../commands/job-identity.ts";
import { shutdownSignal } from "../commands/shutdown.ts";
import type { DatabaseKind } from "../dump/database.ts";
import { dumpHost, loadHost } from "../dump/host-dump.ts";
import { flagBoolean, requireFlags } from "../flags.ts";
import { createApi } from "../kube/api.ts";
import { serveRestore } from "../restore/serve-restore.ts";
import { writeTermination } from "../termination.ts";
import { serveSession } from "../work/serve-session.ts";
import { gatherJobSettings } from "./job-settings.ts";

/** Serves the host's turn of a backup. @returns 0 when the dump is saved */
export async function runDumpStep(argv: readonly string[], kind: DatabaseKind): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags, identity, log } = settings;
  const flag = requireFlags(flags, ["backupsession", "target-kind", "target-name"]);
  const end = await serveSession({
    settings,
    self: jobIdentity(settings),
    sessionName: flag("backupsession"),
    shutdown: shutdownSignal(),
    isLingering: flagBoolean(flags, "linger", false),
    defaultPaths: [],
    saveHost: dumpHost({ kind, settings, api: createApi(identity) }),
  });
  log.info({ phase: end.phase }, "job ended");
  return end.phase === "Succeeded" ? 0 : 1;
}

/** Serves the host's turn of a restore. @returns 0 when the dump is loaded */
export async function runLoadStep(argv: readonly string[], kind: DatabaseKind): Promise<number> {
  const settings = gatherJobSettings(argv, process.env);
  const { flags, identity, log } = settings;
  const flag = requireFlags(flags, ["invoker-kind", "invoker-name", "target-kind", "target-name"]);
  const end = await serveRestore({
    settings,
    self: jobIdentity(settings),
    invoker: { kind: flag("invoker-kind"), name: flag("invoker-name") },
    shutdown: shutdownSignal(),
    onMissing: "Fail",
    isVerified: false,
    targetFolder: "/",
    isOneTurn: true,
    onWait: (why) => log.info({ why }, "waiting"),
    restoreHost: loadHost({ kind, settings, api: createApi(identity) }),
  });
  log.info({ code: end.code, why: end.why }, "job ended");
  writeTermination(end.why);
  return end.code;
}
