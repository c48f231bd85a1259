/** Flags of the demo. */
import { parseArgs } from "node:util";
import { BACKENDS, type BackendName } from "./backend.ts";

export const USAGE = `usage: npm run demo -- [flags]

Runs a WordPress and its MariaDB on a cluster of this machine's own, backs them up as one batch, destroys them, brings
them back and compares every byte. Needs root and a Debian machine. What stays behind are the packages that apt-get installs
and the programs and images of the cluster, which are kept for the next time.

  --backend local|s3   where the snapshots lie: a folder (default), or a server that speaks S3, with TLS
  --keep               leave everything running until Ctrl-C, and print how to look at it
  --ui                 open the pages of kubectl stash ui in a browser, to look on; their address is printed
  --plain              plain lines, also on a terminal
  --json               print a summary as the last line of stdout; the story goes to stderr
  --help               this text`;

export interface Options {
  readonly backend: BackendName;
  readonly isKept: boolean;
  readonly hasPages: boolean;
  readonly isPlain: boolean;
  readonly isJson: boolean;
  readonly wantsHelp: boolean;
}

function isBackend(name: string): name is BackendName {
  return BACKENDS.some((backend) => backend === name);
}

/** @param args the command line after the program's name. @throws Error that names the flag */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: "string", default: "local" },
      keep: { type: "boolean", default: false },
      ui: { type: "boolean", default: false },
      plain: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { backend, keep, ui, plain, json, help } = values;
  if (!isBackend(backend)) throw new Error(`--backend is ${BACKENDS.join(" or ")}, not ${JSON.stringify(backend)}`);
  return { backend, isKept: keep, hasPages: ui, isPlain: plain, isJson: json, wantsHelp: help };
}
