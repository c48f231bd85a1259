/** Versions and suites of TLS: what is offered, and what an administrator may narrow. Names are those of Kubernetes' own flags. */

export const TLS_VERSIONS = { VersionTLS12: "TLSv1.2", VersionTLS13: "TLSv1.3" } as const;

/**
 * Suites of TLS 1.2 with forward secrecy and authenticated encryption, by their names in Kubernetes and in OpenSSL. No others are
 * served: with a stolen key all that was ever recorded could be read, or padding be guessed.
 */
const TLS12_SUITES = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
} as const;

/** All of TLS 1.3, which can't be narrowed, as in Kubernetes. */
const TLS13_SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

export interface TlsOptions {
  readonly minVersion: (typeof TLS_VERSIONS)[keyof typeof TLS_VERSIONS];
  /** As OpenSSL reads them. */
  readonly ciphers: string;
}

/**
 * Reads the flags.
 *
 * @param versionName such as `VersionTLS13`
 * @param suiteNames such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, separated by commas
 * @param faults gets a sentence for each name that is not known
 */
export function parseTlsOptions(
  versionName: string | undefined,
  suiteNames: string | undefined,
  faults: string[],
): TlsOptions {
  const version = Object.entries(TLS_VERSIONS).find(([name]) => name === (versionName ?? "VersionTLS12"));
  if (version === undefined) {
    faults.push(`--tls-min-version: ${versionName} is none of ${Object.keys(TLS_VERSIONS).join(", ")}`);
  }
  const wanted = suiteNames?.split(",").map((name) => name.trim());
  const known = Object.entries(TLS12_SUITES).filter(([name]) => wanted === undefined || wanted.includes(name));
  const unknown = (wanted ?? []).filter((name) => !Object.hasOwn(TLS12_SUITES, name));
  if (unknown.length > 0) {
    faults.push(`--tls-cipher-suites: ${unknown.join(", ")} is none of ${Object.keys(TLS12_SUITES).join(", ")}`);
  }
  return {
    minVersion: version?.[1] ?? "TLSv1.2",
    ciphers: [...TLS13_SUITES, ...known.map(([, name]) => name)].join(":"),
  };
}

export const DEFAULT_TLS_OPTIONS = parseTlsOptions(undefined, undefined, []);
