/** The serving certificate: where it comes from, and how a new one is noticed. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { messageOf, UserError } from "../shared/errors.ts";

/** PEM texts. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  /** CA that signed it, and during a rotation the one before. */
  readonly ca: string;
}

export interface CertificateWatch {
  readonly first: ServingCertificate;
  stop(): void;
}

/** Files as a Secret of type `kubernetes.io/tls` with a CA mounts them. */
const FILES = { cert: "tls.crt", key: "tls.key", ca: "ca.crt" } as const;

/** The kubelet updates mounted Secrets within a minute or so; looking more often than this finds nothing sooner. */
const POLL_MS = 2_000;

/**
 * Reads a folder with `tls.crt`, `tls.key` and `ca.crt`, and looks for changes until stopped. A certificate that can't be
 * used, such as one whose key has not been written yet, is reported and the one before stays.
 *
 * @throws UserError CONFIGURATION_INVALID when there is no usable certificate to begin with
 */
export async function watchCertificateFolder(
  folder: string,
  handlers: {
    readonly onChange: (certificate: ServingCertificate) => void;
    readonly onProblem: (error: unknown) => void;
  },
  pollMs = POLL_MS,
): Promise<CertificateWatch> {
  const first = await readCertificate(folder);
  let current = fingerprint(first);
  let isReading = false;
  const timer = setInterval(async () => {
    if (isReading) return;
    isReading = true;
    try {
      const certificate = await readCertificate(folder);
      const seen = fingerprint(certificate);
      if (seen !== current) {
        current = seen;
        handlers.onChange(certificate);
      }
    } catch (error) {
      handlers.onProblem(error);
    } finally {
      isReading = false;
    }
  }, pollMs);
  timer.unref();
  return { first, stop: () => clearInterval(timer) };
}

async function readCertificate(folder: string): Promise<ServingCertificate> {
  try {
    const [cert, key, ca] = await Promise.all(
      [FILES.cert, FILES.key, FILES.ca].map((file) => readFile(join(folder, file), "utf8")),
    );
    return checkCertificate({ cert: cert ?? "", key: key ?? "", ca: ca ?? "" });
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", `no usable certificate in ${folder}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Makes sure that key and certificate belong together.
 *
 * @throws Error of the TLS library when they do not
 */
function checkCertificate(certificate: ServingCertificate): ServingCertificate {
  createSecureContext({ cert: certificate.cert, key: certificate.key });
  return certificate;
}

function fingerprint({ cert, key, ca }: ServingCertificate): string {
  return createHash("sha256").update(cert).update(key).update(ca).digest("hex");
}
