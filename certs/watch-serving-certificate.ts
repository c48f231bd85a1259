/** How the webhook reads its certificate from the Secret, and notices a new one at once. */
import { createSecureContext } from "node:tls";
import { UserError } from "../shared/errors.ts";
import { createInformer } from "../shared/kube/cache/informer.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import { SECRETS } from "../shared/kube/resources.ts";
import { bundleOf, readPair } from "./certificate-facts.ts";
import { parseCertificateSecret, type SecretAddress, type StoredSecret } from "./secret.ts";

/** PEM texts. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  /** All authorities that clients should trust. */
  readonly ca: string;
}

export interface ServingWatch {
  readonly first: ServingCertificate;
  stop(): Promise<void>;
}

export interface ServingWatchPorts {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  readonly secret: SecretAddress;
  readonly onChange: (certificate: ServingCertificate) => void;
  /** The Secret can't be read, or what it holds can't be served; what was served before goes on. */
  readonly onProblem: (error: unknown) => void;
  /** How long to wait for the first usable certificate, in milliseconds. */
  readonly firstWithinMs: number;
  /** What a person does when there is none in time. */
  readonly next: string;
}

/**
 * Waits for the first usable certificate, then tells of each new one until stopped.
 *
 * @throws UserError SECRET_MISSING when there is none in time
 */
export async function watchServingCertificate(ports: ServingWatchPorts): Promise<ServingWatch> {
  const { namespace, name } = ports.secret;
  const informer = createInformer<StoredSecret, never>({
    client: ports.client,
    resource: SECRETS,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    transform: parseCertificateSecret,
    indexes: {},
    onProblem: (problem) => ports.onProblem("error" in problem ? problem.error : problem),
  });
  const first = Promise.withResolvers<ServingCertificate>();
  let current: string | undefined;
  const take = (secret: StoredSecret): void => {
    const certificate = servingCertificate(secret);
    if (certificate === undefined) {
      ports.onProblem(
        new UserError("SECRET_INVALID", `Secret ${namespace}/${name} holds no certificate that can be served`),
      );
      return;
    }
    const seen = JSON.stringify(certificate);
    if (seen === current) return;
    const isFirst = current === undefined;
    current = seen;
    if (isFirst) first.resolve(certificate);
    else ports.onChange(certificate);
  };
  informer.subscribe({ add: take, update: (_before, after) => take(after) });
  informer.start();
  const timer = setTimeout(() => {
    first.reject(
      new UserError(
        "SECRET_MISSING",
        `Secret ${namespace}/${name} held no serving certificate for ${ports.firstWithinMs} ms`,
        { next: ports.next },
      ),
    );
  }, ports.firstWithinMs);
  try {
    return { first: await first.promise, stop: () => informer.stop() };
  } catch (error) {
    await informer.stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What a Secret gives to serve, or undefined when its key is missing or does not belong to the certificate. */
function servingCertificate(secret: StoredSecret): ServingCertificate | undefined {
  const pair = readPair(secret.certPem, secret.keyPem);
  if (pair === undefined) return undefined;
  try {
    createSecureContext({ cert: pair.certPem, key: pair.keyPem });
  } catch {
    return undefined;
  }
  return { cert: pair.certPem, key: pair.keyPem, ca: bundleOf(secret.caPem, secret.previousCaPem) };
}
