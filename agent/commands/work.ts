/** `work`: what the sidecar starts for one host run. */
import { type HostRun, parseHostRun } from "../../shared/api/host-run.ts";
import { parseFlags, requireFlags } from "../flags.ts";
import { gatherSettings } from "../settings.ts";
import { serveBackups } from "../work/serve-backups.ts";
import { shutdownWithParent } from "./shutdown.ts";

/** What a session asks for next usually comes within moments; later the sidecar starts another worker. */
const LINGER_MS = 15_000;

/** Serves the host run until nothing is left to do in it. */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const flag = requireFlags(flags, ["host-run"]);
  const settings = gatherSettings(flags, process.env);
  const shutdown = shutdownWithParent();
  const name = flag("host-run");
  await serveBackups({
    settings,
    name,
    handed: readHanded(await shutdown.firstLine, name),
    shutdown: shutdown.signal,
    lingerMs: LINGER_MS,
    defaultPaths: [],
  });
  shutdown.close();
  return 0;
}

/** What can't be read, or is another, is read from the API server. */
function readHanded(line: string, name: string): HostRun | undefined {
  if (line === "") return undefined;
  try {
    const run = parseHostRun(JSON.parse(line));
    return run.metadata.name === name ? run : undefined;
  } catch {
    return undefined;
  }
}
