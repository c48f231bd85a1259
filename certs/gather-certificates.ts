/** Reads the certificates' state as the decision needs it. */
import {
  bundleOf,
  coversNames,
  isSignedBy,
  lifetimeOf,
  readCertificate,
  readCertificates,
  readPair,
} from "./certificate-facts.ts";
import type { CertificateView, ServingFact } from "./decide-certificates.ts";
import type { SecretContents } from "./secret.ts";
import { isCallOf, type WebhookConfiguration } from "./webhook-configurations.ts";

export function certificateView(
  contents: SecretContents | undefined,
  configurations: readonly WebhookConfiguration[],
  names: readonly string[],
): CertificateView {
  const caPair = readPair(contents?.caPem, contents?.caKeyPem);
  const ca = readCertificate(caPair?.certPem);
  const previousCa = readCertificate(contents?.previousCaPem);
  return {
    ca: ca && lifetimeOf(ca),
    previousCa: previousCa && lifetimeOf(previousCa),
    serving: servingFact(contents, names),
    isCaPublished: configurations.every(({ webhooks }) =>
      webhooks
        .filter(({ calls }) => isCallOf(calls, names))
        .every(({ bundle }) => readCertificates(bundle).some((one) => ca !== undefined && one.raw.equals(ca.raw))),
    ),
  };
}

function servingFact(contents: SecretContents | undefined, names: readonly string[]): ServingFact | undefined {
  const certificate = readCertificate(readPair(contents?.certPem, contents?.keyPem)?.certPem);
  if (certificate === undefined) return undefined;
  const isBy = (pem: string | undefined): boolean => {
    const authority = readCertificate(pem);
    return authority !== undefined && isSignedBy(certificate, authority);
  };
  return {
    ...lifetimeOf(certificate),
    isForAllNames: coversNames(certificate, names),
    signedBy: isBy(contents?.caPem) ? "ca" : isBy(contents?.previousCaPem) ? "previousCa" : "other",
  };
}

/** What API servers should trust: the present authority, and the one before while it is kept. */
export function wantedBundle(contents: SecretContents): string {
  return bundleOf(contents.caPem, contents.previousCaPem);
}
