/** `restore`: the init-container, and with `--restore-model=job` the job that fills claim templates. */
import { flagBoolean, flagText, parseFlags, requireFlags } from "../flags.ts";
import { serveRestore } from "../restore/serve-restore.ts";
import { gatherSettings } from "../settings.ts";
import { writeTermination } from "../termination.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when the application may start */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const flag = requireFlags(flags, ["invoker-kind", "invoker-name"]);
  const settings = gatherSettings(flags, process.env);
  const { pod, targetKey, log } = settings;
  const isJob = flagText(flags, "restore-model") === "job";
  const end = await serveRestore({
    settings,
    self: { targetKey, podName: pod.name, podUid: pod.uid, hostname: flagText(flags, "hostname") },
    invoker: { kind: flag("invoker-kind"), name: flag("invoker-name") },
    shutdown: shutdownSignal(),
    onMissing: isJob ? "Fail" : flagText(flags, "on-failure") === "Start" ? "Start" : "StartLater",
    isVerified: flagBoolean(flags, "verify", false),
    targetFolder: flagText(flags, "restore-target") ?? "/",
    isOneTurn: isJob,
    onWait(why) {
      log.info({ why }, "waiting");
      writeTermination(why);
    },
  });
  log.info({ code: end.code, why: end.why }, "restore ended");
  writeTermination(end.why);
  return end.code;
}
