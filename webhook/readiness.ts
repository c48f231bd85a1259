/** Whether the webhook can answer: it knows the cluster, and a client that trusts the current CA reaches it. */
import { request } from "node:https";
import { messageOf } from "../shared/errors.ts";
import type { ServingCertificate } from "./tls.ts";

export interface ReadinessPorts {
  /** Why nothing can be decided yet; undefined when the cluster is known. */
  readonly whyUnsynced: () => string | undefined;
  readonly isStopping: () => boolean;
  readonly certificate: () => ServingCertificate;
  readonly port: () => number;
  /** Name that the API server calls the webhook by; the certificate must carry it. */
  readonly serverName: string;
}

/** Probes come every few seconds from the kubelet, and a handshake is no free thing: one answer serves this long. */
const REMEMBERED_MS = 1_000;
const ROUND_TRIP_TIMEOUT_MS = 1_000;

/** Makes the check behind `/readyz`. */
export function createReadiness(ports: ReadinessPorts, now: () => number = Date.now): () => Promise<readonly string[]> {
  let last: { readonly at: number; readonly fault: Promise<string | undefined> } | undefined;
  return async () => {
    if (ports.isStopping()) return ["it is stopping"];
    if (last === undefined || now() - last.at > REMEMBERED_MS) last = { at: now(), fault: findTlsFault(ports) };
    const fault = await last.fault;
    return [ports.whyUnsynced(), fault].filter((one) => one !== undefined);
  };
}

function findTlsFault({ certificate, port, serverName }: ReadinessPorts): Promise<string | undefined> {
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve(`a TLS round trip failed: ${messageOf(error)}`);
    const call = request(
      {
        host: "127.0.0.1",
        port: port(),
        path: "/healthz",
        servername: serverName,
        ca: certificate().ca,
        agent: false,
        timeout: ROUND_TRIP_TIMEOUT_MS,
      },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode === 200 ? undefined : `/healthz: ${response.statusCode}`));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no answer in ${ROUND_TRIP_TIMEOUT_MS} ms`)));
    call.on("error", fail);
    call.end();
  });
}
