/** `work`: what the sidecar starts for one session. */
import { parseFlags, requireFlags } from "../flags.ts";
import { gatherSettings } from "../settings.ts";
import { serveSession } from "../work/serve-session.ts";
import { shutdownWithParent } from "./shutdown.ts";

/** Serves the session until nothing is left to do in it. */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const flag = requireFlags(flags, ["session", "target-kind", "target-name"]);
  const settings = gatherSettings(flags, process.env);
  const { pod, targetKey } = settings;
  const shutdown = shutdownWithParent();
  await serveSession({
    settings,
    self: { targetKey, podName: pod.name, podUid: pod.uid },
    sessionName: flag("session"),
    shutdown: shutdown.signal,
    isLingering: true,
    defaultPaths: [],
  });
  shutdown.close();
  return 0;
}
