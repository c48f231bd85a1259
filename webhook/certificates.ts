/**
 * Where the serving certificate comes from: a folder that somebody else keeps, or the Secret that one of our replicas keeps
 * (or cert-manager does).
 */
import { hostname } from "node:os";
import { DEFAULT_CERTIFICATE_SETTINGS } from "../certs/decide-certificates.ts";
import { CertificateMode, createElectedKeeper } from "../certs/elected-keeper.ts";
import { watchServingCertificate } from "../certs/watch-serving-certificate.ts";
import { systemClock } from "../shared/clock.ts";
import { Install } from "../shared/contract.ts";
import { messageOf } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import { createEventRecorder } from "../shared/kube/events/recorder.ts";
import type { Logger } from "../shared/log.ts";
import type { WebhookMetrics } from "./metrics.ts";
import { type ServingCertificate, watchCertificateFolder } from "./tls.ts";

export type CertificateOrigin =
  /** Folder with tls.crt, tls.key and ca.crt. */
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "secret"; readonly namespace: string; readonly mode: CertificateMode };

export interface CertificatePorts {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Pick<WebhookMetrics, "setExpiry">;
  /** Name by which API servers call us. */
  readonly serverName: string;
  /** Whether the API server calls us for the Snapshot API, too. */
  readonly hasSnapshotApi: boolean;
  readonly onChange: (certificate: ServingCertificate) => void;
}

export interface CertificateSource {
  readonly first: ServingCertificate;
  stop(): Promise<void>;
}

/** For a first start, in which a replica has to win the Lease and make two keys. */
const FIRST_WITHIN_MS = 60_000;

/** Begins to watch the certificate. @throws UserError when there is none to begin with */
export async function startCertificates(
  origin: CertificateOrigin,
  ports: CertificatePorts,
): Promise<CertificateSource> {
  const { log, onChange } = ports;
  const onProblem = (error: unknown) => log.warn({ error: messageOf(error) }, "new serving certificate can't be used");
  if (origin.kind === "folder") {
    const { first, stop } = await watchCertificateFolder(origin.folder, { onChange, onProblem });
    return { first, stop: async () => stop() };
  }
  const keeper = createKeeper(origin, ports);
  keeper.start();
  try {
    const secret = { namespace: origin.namespace, name: Install.ServingSecret };
    const watch = await watchServingCertificate({
      client: ports.client,
      secret,
      onChange,
      onProblem,
      firstWithinMs: FIRST_WITHIN_MS,
      next: whatToDo(origin),
    });
    return {
      first: watch.first,
      stop: async () => {
        await keeper.stop();
        await watch.stop();
      },
    };
  } catch (error) {
    await keeper.stop();
    throw error;
  }
}

/** When no certificate comes. */
export function whatToDo({ namespace, mode }: CertificateOrigin & { readonly kind: "secret" }): string {
  return mode === CertificateMode.Own
    ? "look at the log of the replica that holds the certificates' Lease"
    : `see that cert-manager is installed, and what it says: kubectl -n ${namespace} describe certificates; without cert-manager apply manifests/base, whose webhook makes its certificate itself`;
}

function createKeeper(
  { namespace, mode }: CertificateOrigin & { readonly kind: "secret" },
  { client, log, metrics, serverName, hasSnapshotApi }: CertificatePorts,
) {
  const secret = { namespace, name: Install.ServingSecret };
  const events = createEventRecorder({
    client,
    source: { component: "stash-batch-webhook" },
    onDropped: (_subject, reason, error) => log.warn({ reason, error: messageOf(error) }, "event dropped"),
  });
  return createElectedKeeper({
    client,
    clock: systemClock,
    log,
    mode,
    identity: hostname(),
    secret,
    authoritySecret: { namespace, name: Install.AuthoritySecret },
    configurations: [
      { kind: "MutatingWebhookConfiguration", name: Install.MutatingConfiguration },
      { kind: "ValidatingWebhookConfiguration", name: Install.ValidatingConfiguration },
      ...(hasSnapshotApi ? [{ kind: "APIService", name: Install.SnapshotApiService } as const] : []),
    ],
    names: [serverName],
    settings: DEFAULT_CERTIFICATE_SETTINGS,
    recordEvent: (type, reason, message) =>
      events.record({ apiVersion: "v1", kind: "Secret", ...secret }, type, reason, message),
    onExpiry: metrics.setExpiry,
  });
}
