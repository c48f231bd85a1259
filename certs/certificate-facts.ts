/** What can be read from certificates. Texts that are no certificates give no facts, never an error. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { BACKDATE_MS, type CertificatePair } from "./issue.ts";

export interface Lifetime {
  readonly issuedAtMs: number;
  readonly notAfterMs: number;
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The readable certificates of a text, in order. */
export function readCertificates(pem: string | undefined): readonly X509Certificate[] {
  const found: X509Certificate[] = [];
  for (const block of splitBundle(pem)) {
    const certificate = readCertificate(block);
    if (certificate !== undefined) found.push(certificate);
  }
  return found;
}

/** The first certificate of a text. */
export function readCertificate(pem: string | undefined): X509Certificate | undefined {
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** A certificate whose key belongs to it, or undefined. */
export function readPair(certPem: string | undefined, keyPem: string | undefined): CertificatePair | undefined {
  const certificate = readCertificate(certPem);
  if (certificate === undefined || certPem === undefined || keyPem === undefined) return undefined;
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem)) ? { certPem, keyPem } : undefined;
  } catch {
    return undefined;
  }
}

export function lifetimeOf(certificate: X509Certificate): Lifetime {
  return {
    issuedAtMs: certificate.validFromDate.getTime() + BACKDATE_MS,
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/** Whether the authority signed the certificate. */
export function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** Whether clients that call any of the names accept the certificate for it. */
export function coversNames(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.every((name) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined,
  );
}

/** The certificates of a bundle, each as a text of its own. */
export function splitBundle(pem: string | undefined): readonly string[] {
  return [...(pem ?? "").matchAll(PEM_BLOCK)].map(([block]) => `${block}\n`);
}

/** Certificates of several texts as one bundle, each once, without remarks between them. */
export function bundleOf(...pems: readonly (string | undefined)[]): string {
  return [...new Set(pems.flatMap(splitBundle))].join("");
}
