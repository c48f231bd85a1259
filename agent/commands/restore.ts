/** `restore`: the init-container, and with `--restore-model=job` the job that fills claim templates. */
import { flagBoolean, flagText, parseFlags } from "../flags.ts";
import { serveRestore } from "../restore/serve.ts";
import { gatherSettings } from "../settings.ts";
import { writeTermination } from "../termination.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when the application may start */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const settings = gatherSettings(flags, process.env);
  const { log } = settings;
  const restore = `${flagText(flags, "invoker-kind") ?? "restore"} ${flagText(flags, "invoker-name") ?? ""}`;
  const end = await serveRestore({
    settings,
    shutdown: shutdownSignal(),
    isVerified: flagBoolean(flags, "verify", false),
    targetFolder: flagText(flags, "restore-target") ?? "/",
    isOneTurn: flagText(flags, "restore-model") === "job",
    onWait(why) {
      log.info({ why, restore }, "waiting");
      writeTermination(`${why} (see ${restore})`);
    },
  });
  log.info({ code: end.code, why: end.why }, "restore ended");
  writeTermination(end.why);
  return end.code;
}
