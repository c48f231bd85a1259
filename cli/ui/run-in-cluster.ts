/** Serves the pages in the cluster until it is told to end, to whomever a proxy signs in, and with no right of its own. */
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { messageOf, UserError } from "../../shared/errors.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { readProductVersion } from "../../shared/product-version.ts";
import type { About } from "../../web/wire/envelope.ts";
import { clusterOf } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { PLUGIN } from "../program/names.ts";
import { UsageError } from "../program/usage-error.ts";
import { createClusterClock } from "./cluster-clock.ts";
import { createClusterDoor, signInStep } from "./cluster-door.ts";
import { readHistoryFlags } from "./history/read-flags.ts";
import { identify } from "./identify.ts";
import { readPages } from "./pages.ts";
import { createPeople, type OpenVisit } from "./people.ts";
import { readPublicAddress } from "./public-address.ts";
import { createServed } from "./served.ts";
import { servePages } from "./server.ts";
import type { TlsFiles } from "./serving-tls.ts";
import { createStreams } from "./streams.ts";

/** Where the manifests mount the ConfigMap kube-root-ca.crt: the pod has no token, and so no folder of its ServiceAccount. */
export const DEFAULT_CA_FILE = "/etc/api-server/ca.crt";
export const DEFAULT_PORT = 8_080;
/** One a page that is open; all of them may come from one proxy. */
const MAX_CONNECTIONS = 1_024;

export async function runInCluster({ flags, env, terminal }: Input, port: number | undefined): Promise<ExitCode> {
  const address = readPublicAddress(flags.text("public-url"));
  const allowsActions = flags.has("allow-actions");
  const server = readServer(env);
  const caFile = flags.text("api-ca-file") ?? DEFAULT_CA_FILE;
  await readFile(caFile).catch((cause: unknown) => {
    throw new UserError("CONFIGURATION_INVALID", `the API server's CA can't be read: ${messageOf(cause)}`, {
      next: "mount the ConfigMap kube-root-ca.crt, and name its ca.crt with --api-ca-file",
      cause,
    });
  });
  const tls = readTlsFiles(flags);
  const history = readHistoryFlags(flags);
  const pages = readPages();
  const version = await readProductVersion();
  const onFault = (error: unknown) => terminal.note(`fault: ${messageOf(error)}`);

  /** With the token of whoever asks, and nothing else: no file or variable of this pod says who we are. */
  const configOf = (token: string): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: "own", server, caFile, skipTLSVerify: false }],
      users: [{ name: "visitor", token }],
      contexts: [{ name: "own", cluster: "own", user: "visitor" }],
      currentContext: "own",
    });
    return config;
  };

  function open(token: string, user: string, scope: string | undefined): OpenVisit {
    const cluster = clusterOf(configOf(token), { namespace: scope ?? "default", scope });
    const { hear, skewMs } = createClusterClock(Date.now);
    const client = createKubeClient({ connection: cluster.connection, program: PLUGIN, onServerTime: hear });
    const inCluster = { user, root: address.path };
    const about: About = { server: cluster.address, scope, version, allowsActions, inCluster };
    const { world, views, questions, actions } = createServed({ cluster, client, about, skewMs, history });
    const streams = createStreams({ onChange: (changed) => world.onChange(changed), onFault });
    let isStarted = false;
    const started = Object.entries(views).map(([name, view]): readonly [string, typeof view] => [
      name,
      (query, nowMs) => {
        // Whoever only asks, and never looks, costs no watch.
        if (!isStarted) world.start();
        isStarted = true;
        return view(query, nowMs);
      },
    ]);
    return {
      visit: { views: Object.fromEntries(started), streams, questions, actions: allowsActions ? actions : {} },
      isWatched: () => streams.isOpen(),
      end() {
        streams.close();
        world
          .stop()
          .finally(() => client.close())
          .catch(onFault);
      },
    };
  }

  const people = createPeople({
    async identify(token) {
      const { connection } = clusterOf(configOf(token), { namespace: "default", scope: undefined });
      const client = createKubeClient({ connection, program: PLUGIN, maxConnections: 1 });
      try {
        return await identify(client);
      } finally {
        client.close();
      }
    },
    open,
    now: Date.now,
    signIn: signInStep(address),
  });
  const scope = flags.has("all-namespaces") ? undefined : flags.text("namespace");
  const door = createClusterDoor({ address, people, scope, allowsActions });
  const place = { host: flags.text("listen-address") ?? "0.0.0.0", port: port ?? DEFAULT_PORT };
  const running = await servePages(
    { door, pages, onFault },
    { ...place, maxConnections: MAX_CONNECTIONS, probePath: "/healthz", tls },
  );
  terminal.print(address.href);
  terminal.note(
    `listens on ${place.host}:${running.port} for the proxy${allowsActions ? "" : ", and changes nothing"}`,
  );
  await new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()));
  await running.close();
  return ExitCode.Good;
}

/** @throws UsageError for one file without the other */
function readTlsFiles(flags: Input["flags"]): TlsFiles | undefined {
  const [cert, key] = [flags.text("tls-cert-file"), flags.text("tls-key-file")];
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new UsageError("--tls-cert-file and --tls-key-file go together", "name both, or none");
}

/** @throws UserError CONFIGURATION_INVALID outside a cluster */
function readServer(env: Input["env"]): string {
  const [host, port] = [env["KUBERNETES_SERVICE_HOST"], env["KUBERNETES_SERVICE_PORT"]];
  if (host && port) return `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  throw new UserError("CONFIGURATION_INVALID", "--in-cluster is for a pod, and this is none", {
    next: "leave it out: `kubectl stash ui` serves the pages on this machine, with your own rights",
  });
}
