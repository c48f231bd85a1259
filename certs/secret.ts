/**
 * The two Secrets of the certificates. The serving one has `tls.crt`, `tls.key` and `ca.crt` as every program expects them; `ca.crt` is
 * all that clients should trust: the present authority, then the one before. The authority's own has its `ca.crt` and `ca.key`, which
 * only the keeper reads: with that key one could be any server of the bundle for two years.
 */
import { Label, LabelValue } from "../shared/contract.ts";
import { isJsonObject, textAt, valueAt } from "../shared/json/value.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import { SECRETS } from "../shared/kube/resources.ts";
import { bundleOf, splitBundle } from "./certificate-facts.ts";

/** PEM texts; a key that is missing is undefined. */
export interface SecretContents {
  readonly certPem: string | undefined;
  readonly keyPem: string | undefined;
  /** The present authority. */
  readonly caPem: string | undefined;
  readonly caKeyPem: string | undefined;
  readonly previousCaPem: string | undefined;
}

export interface StoredSecret extends SecretContents {
  readonly resourceVersion: string;
  readonly uid: string;
}

export const SecretKey = { Cert: "tls.crt", Key: "tls.key", Bundle: "ca.crt", CaKey: "ca.key" } as const;

/** What is stored in both Secrets, and what of it they say together. */
export interface StoredCertificates {
  readonly contents: SecretContents | undefined;
  readonly serving: StoredSecret | undefined;
  readonly authority: StoredSecret | undefined;
}

/** Reads a Secret object; keys that aren't there are undefined. */
export function parseCertificateSecret(object: unknown): StoredSecret {
  const data = valueAt(object, "data");
  const decode = (key: string): string | undefined => {
    const value = isJsonObject(data) ? data[key] : undefined;
    return typeof value === "string" ? Buffer.from(value, "base64").toString("utf8") || undefined : undefined;
  };
  const [caPem, previousCaPem] = splitBundle(decode(SecretKey.Bundle));
  return {
    certPem: decode(SecretKey.Cert),
    keyPem: decode(SecretKey.Key),
    caPem,
    caKeyPem: decode(SecretKey.CaKey),
    previousCaPem,
    resourceVersion: textAt(object, "metadata", "resourceVersion") ?? "",
    uid: textAt(object, "metadata", "uid") ?? "",
  };
}

export interface SecretAddress {
  readonly namespace: string;
  readonly name: string;
}

export function findCertificateSecret(
  client: Pick<KubeClient, "find">,
  { namespace, name }: SecretAddress,
  signal: AbortSignal,
): Promise<StoredSecret | undefined> {
  return client.find(SECRETS, namespace, name, parseCertificateSecret, { signal });
}

/** Reads both Secrets. */
export async function findCertificates(
  client: Pick<KubeClient, "find">,
  addresses: CertificateSecrets,
  signal: AbortSignal,
): Promise<StoredCertificates> {
  const serving = await findCertificateSecret(client, addresses.secret, signal);
  const authority = await findCertificateSecret(client, addresses.authoritySecret, signal);
  return { contents: unite(serving, authority), serving, authority };
}

export interface CertificateSecrets {
  readonly secret: SecretAddress;
  readonly authoritySecret: SecretAddress;
}

/**
 * The authority's Secret says which authority is the present one, since it is written first. Without it the key may still be where
 * earlier versions kept it, beside what is served.
 */
export function unite(
  serving: StoredSecret | undefined,
  authority: StoredSecret | undefined,
): SecretContents | undefined {
  if (authority?.caPem === undefined || authority.caKeyPem === undefined) return serving;
  const { caPem, caKeyPem } = authority;
  const previousCaPem = [serving?.caPem, serving?.previousCaPem].find((pem) => pem !== undefined && pem !== caPem);
  return { certPem: serving?.certPem, keyPem: serving?.keyPem, caPem, caKeyPem, previousCaPem };
}

/**
 * Writes what is not stored yet, the authority first: one that was published but not stored would be lost with this process. Other keys
 * of the Secrets stay.
 *
 * @param present what the new contents were decided on
 * @throws KubeError: a conflict when a Secret changed in between
 */
export async function writeCertificates(
  client: Pick<KubeClient, "create" | "patch">,
  addresses: CertificateSecrets,
  contents: SecretContents,
  present: StoredCertificates,
  signal: AbortSignal,
): Promise<void> {
  const { serving, authority } = present;
  const write = { client, signal };
  if (contents.caPem !== authority?.caPem || contents.caKeyPem !== authority?.caKeyPem) {
    const data = { [SecretKey.Bundle]: contents.caPem, [SecretKey.CaKey]: contents.caKeyPem };
    await writeSecret({ address: addresses.authoritySecret, type: "Opaque", data, present: authority }, write);
  }
  const isServed =
    contents.certPem === serving?.certPem &&
    contents.keyPem === serving?.keyPem &&
    bundleOf(contents.caPem, contents.previousCaPem) === bundleOf(serving?.caPem, serving?.previousCaPem) &&
    serving?.caKeyPem === undefined;
  if (isServed) return;
  const data = {
    [SecretKey.Cert]: contents.certPem,
    [SecretKey.Key]: contents.keyPem,
    [SecretKey.Bundle]: bundleOf(contents.caPem, contents.previousCaPem),
    // Earlier versions kept it here.
    [SecretKey.CaKey]: undefined,
  };
  await writeSecret({ address: addresses.secret, type: "kubernetes.io/tls", data, present: serving }, write);
}

interface SecretWrite {
  readonly address: SecretAddress;
  readonly type: string;
  /** PEM texts; a key without one is removed. */
  readonly data: Readonly<Record<string, string | undefined>>;
  readonly present: StoredSecret | undefined;
}

async function writeSecret(
  { address: { namespace, name }, type, data, present }: SecretWrite,
  { client, signal }: { readonly client: Pick<KubeClient, "create" | "patch">; readonly signal: AbortSignal },
): Promise<void> {
  if (present === undefined) {
    const metadata = { name, namespace, labels: { [Label.ManagedBy]: LabelValue.ManagedBy } };
    const body = { apiVersion: "v1", kind: "Secret", type, metadata, data: encode(data, undefined) };
    await client.create(SECRETS, namespace, body, parseCertificateSecret, { signal });
    return;
  }
  const body = { metadata: { resourceVersion: present.resourceVersion }, data: encode(data, null) };
  await client.patch(SECRETS, namespace, name, { kind: "merge", body }, parseCertificateSecret, { signal });
}

function encode(
  data: Readonly<Record<string, string | undefined>>,
  missing: null | undefined,
): Readonly<Record<string, string | null | undefined>> {
  const base64 = (pem: string | undefined) => (pem ? Buffer.from(pem, "utf8").toString("base64") : missing);
  return Object.fromEntries(Object.entries(data).map(([key, pem]) => [key, base64(pem)]));
}
