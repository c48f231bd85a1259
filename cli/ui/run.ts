/** Serves the pages until Ctrl-C. */
import { messageOf } from "../../shared/errors.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { readProductVersion } from "../../shared/product-version.ts";
import type { About } from "../../web/wire/envelope.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { PLUGIN } from "../program/names.ts";
import { UsageError } from "../program/usage-error.ts";
import { createClusterClock } from "./cluster-clock.ts";
import { readHistoryFlags } from "./history/read-flags.ts";
import { startLocalUi } from "./local-door.ts";
import { type Opening, openBrowser } from "./open-browser.ts";
import { readPages } from "./pages.ts";
import { createServed } from "./served.ts";
import { createSignIn } from "./sign-in.ts";

export async function runUi(input: Input): Promise<ExitCode> {
  const { flags, terminal } = input;
  const port = readPort(flags);
  if (flags.has("in-cluster")) return (await import("./run-in-cluster.ts")).runInCluster(input, port);
  for (const name of ["public-url", "listen-address", "api-ca-file", "tls-cert-file", "tls-key-file"]) {
    if (flags.text(name) !== undefined) throw new UsageError(`--${name} goes with --in-cluster`, "leave it out");
  }
  const history = readHistoryFlags(flags);
  const pages = readPages();
  const cluster = await openCluster(input);
  const { hear, skewMs } = createClusterClock(Date.now);
  const client = createKubeClient({ connection: cluster.connection, program: PLUGIN, onServerTime: hear });
  const allowsActions = flags.has("allow-actions");
  const { address: apiServer, scope } = cluster;
  const about: About = { server: apiServer, scope, version: await readProductVersion(), allowsActions };
  const { world, views, questions, actions } = createServed({ cluster, client, about, skewMs, history });
  let opening: Opening | undefined;
  const server = await startLocalUi(
    {
      signIn: createSignIn(Date.now()),
      pages,
      views,
      onChange: (changed) => world.onChange(changed),
      questions,
      actions,
      allowsActions,
      onSignIn: () => opening?.forget(),
      onFault: (error) => terminal.note(`fault: ${messageOf(error)}`),
    },
    port ?? 0,
  ).catch((thrown: unknown) => {
    throw isPortTaken(thrown)
      ? new UsageError(`port ${port} of 127.0.0.1 is taken`, "leave --port out, or name another")
      : thrown;
  });
  world.start();
  const what = scope === undefined ? "all namespaces" : `namespace ${scope}`;
  terminal.print(server.address);
  terminal.note(`shows ${what} of ${apiServer}${allowsActions ? "" : ", and changes nothing"}; Ctrl-C ends it`);
  if (!flags.isOff("open")) {
    opening = openBrowser(server.address, (why) =>
      terminal.note(`no browser could be started, open the address yourself: ${why}`),
    );
  }
  // Ctrl-C ends the process, and nothing is to be undone.
  return new Promise<never>(() => undefined);
}

/** @throws UsageError */
function readPort(flags: FlagValues): number | undefined {
  const text = flags.text("port");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new UsageError(`--port ${JSON.stringify(text)} is no port`, "write a number from 1 to 65535");
}

function isPortTaken(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE";
}
