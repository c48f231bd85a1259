/** Starts the Snapshot API beside the webhook: its listener, and what it must know of the API server in front of it. */
import { messageOf } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Logger } from "../../shared/log.ts";
import type { ServingCertificate } from "../tls.ts";
import type { TlsOptions } from "../tls-options.ts";
import { answerCall } from "./answer.ts";
import { createDeletionOrders } from "./deletion-orders.ts";
import { watchFrontProxy } from "./front-proxy.ts";
import { createSnapshotServer } from "./server.ts";

export interface SnapshotApiOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Of the installation. */
  readonly namespace: string;
  readonly tls: TlsOptions;
  readonly certificate: ServingCertificate;
  readonly client: KubeClient;
  readonly log: Logger;
}

export interface SnapshotApi {
  readonly port: number;
  setCertificate(certificate: ServingCertificate): void;
  stop(): Promise<void>;
}

export async function startSnapshotApi(options: SnapshotApiOptions): Promise<SnapshotApi> {
  const { listen, namespace, tls, certificate, client, log } = options;
  const orders = createDeletionOrders(client, namespace);
  const server = createSnapshotServer(
    certificate,
    { answer: (request) => answerCall(request, { client, orders, now: () => new Date(), log }), log },
    tls,
  );
  const frontProxy = watchFrontProxy(client, {
    onChange: (found) => {
      server.setFrontProxy(found);
      log.info({ isKnown: found !== undefined, names: found?.names }, "front proxy of the Snapshot API replaced");
    },
    onProblem: (why) => log.warn({ error: messageOf(why) }, "front proxy of the Snapshot API can't be read"),
  });
  const port = await server.listen(listen.host, listen.port);
  log.info({ port }, "Snapshot API listens");
  return {
    port,
    setCertificate: server.setCertificate,
    stop: async () => {
      frontProxy.stop();
      await server.close();
    },
  };
}
