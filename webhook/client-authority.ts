/** Who may ask the webhook: clients whose certificate an authority signed that the administrator names, as the API server's is. */
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { messageOf, UserError } from "../shared/errors.ts";

export interface ClientAuthority {
  /** PEM text of one or more certificates. */
  readonly pem: string;
  /** Common names that are let in; all when there are none. */
  readonly names: readonly string[];
}

export interface ClientAuthorityWatch {
  readonly first: string;
  stop(): void;
}

/** A mounted file changes within a minute or so. */
const POLL_MS = 10_000;

/**
 * Reads the file of the authority, and looks for changes until stopped. What can't be used is reported, and the one before stays.
 *
 * @throws UserError CONFIGURATION_INVALID when there is no certificate in it to begin with
 */
export async function watchClientAuthority(
  path: string,
  handlers: { readonly onChange: (pem: string) => void; readonly onProblem: (error: unknown) => void },
  pollMs = POLL_MS,
): Promise<ClientAuthorityWatch> {
  const first = await readAuthority(path);
  let current = fingerprint(first);
  const timer = setInterval(() => {
    readAuthority(path).then((pem) => {
      if (fingerprint(pem) === current) return;
      current = fingerprint(pem);
      handlers.onChange(pem);
    }, handlers.onProblem);
  }, pollMs);
  timer.unref();
  return { first, stop: () => clearInterval(timer) };
}

async function readAuthority(path: string): Promise<string> {
  try {
    const pem = await readFile(path, "utf8");
    new X509Certificate(pem);
    return pem;
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", `--client-ca: no certificate in ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function fingerprint(pem: string): string {
  return createHash("sha256").update(pem).digest("hex");
}

/**
 * Makes the check of a request's connection. The answer is kept with the connection, whose client never changes.
 *
 * @returns why the client is not let in; undefined when it is
 */
export function createClientCheck(names: readonly string[]): (request: IncomingMessage) => string | undefined {
  const known = new WeakMap<TLSSocket, { readonly why: string | undefined }>();
  return ({ socket }) => {
    if (!(socket instanceof TLSSocket)) return "the connection is not encrypted";
    const found = known.get(socket) ?? { why: whyRefused(socket, names) };
    known.set(socket, found);
    return found.why;
  };
}

/** A certificate must be there beside `authorized`: of a resumed connection without one, libraries have said both. */
function whyRefused(socket: TLSSocket, names: readonly string[]): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return "a client certificate is needed";
  if (!socket.authorized) return `the client certificate is not accepted: ${socket.authorizationError}`;
  const now = Date.now();
  if (now < certificate.validFromDate.getTime() || now > certificate.validToDate.getTime()) {
    return "the client certificate is not valid now";
  }
  const { subject } = socket.getPeerCertificate();
  if (names.length === 0 || names.some((name) => name === subject.CN)) return undefined;
  return "the client certificate carries none of the names that are let in";
}
