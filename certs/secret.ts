/**
 * The Secret that holds the certificates: `tls.crt`, `tls.key` and `ca.crt` as every program expects them, and `ca.key`, which
 * only the keeper reads. `ca.crt` is all that clients should trust: the present authority, then the one before.
 */

import { Label, LabelValue } from "../shared/contract.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import { isJsonObject, textAt, valueAt } from "../shared/kube/json-value.ts";
import type { Resource } from "../shared/kube/resource.ts";
import { bundleOf, splitBundle } from "./certificate-facts.ts";

export const SECRETS: Resource = { group: "", version: "v1", plural: "secrets", namespaced: true };

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

/**
 * Writes the certificates, creating the Secret when there is none. Other keys of it stay.
 *
 * @param present what the new contents were decided on
 * @throws KubeError: a conflict when the Secret changed in between
 */
export async function writeCertificateSecret(
  client: Pick<KubeClient, "create" | "patch">,
  { namespace, name }: SecretAddress,
  contents: SecretContents,
  present: StoredSecret | undefined,
  signal: AbortSignal,
): Promise<StoredSecret> {
  if (present === undefined) {
    const body = {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: { name, namespace, labels: { [Label.ManagedBy]: LabelValue.ManagedBy } },
      data: encode(contents, undefined),
    };
    return client.create(SECRETS, namespace, body, parseCertificateSecret, { signal });
  }
  const body = { metadata: { resourceVersion: present.resourceVersion }, data: encode(contents, null) };
  return client.patch(SECRETS, namespace, name, { kind: "merge", body }, parseCertificateSecret, { signal });
}

function encode(
  contents: SecretContents,
  missing: null | undefined,
): Readonly<Record<string, string | null | undefined>> {
  const base64 = (pem: string | undefined) => (pem ? Buffer.from(pem, "utf8").toString("base64") : missing);
  return {
    [SecretKey.Cert]: base64(contents.certPem),
    [SecretKey.Key]: base64(contents.keyPem),
    [SecretKey.Bundle]: base64(bundleOf(contents.caPem, contents.previousCaPem)),
    [SecretKey.CaKey]: base64(contents.caKeyPem),
  };
}
