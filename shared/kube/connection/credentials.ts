/** Where the API server is and how a client proves who it is; how it is found out stands in in-cluster.ts and kubeconfig.ts. */
import type { Agent, RequestOptions } from "node:https";

/** TLS settings of a connection; the names are node's. */
export type TlsMaterial = Pick<
  RequestOptions,
  "ca" | "cert" | "key" | "pfx" | "passphrase" | "rejectUnauthorized" | "servername"
>;

/** What every request of the moment is sent with. */
export interface Credentials {
  /** Authorization and impersonation headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Set where the way leads through a proxy: it makes the connections in place of the client's own agent. */
  readonly proxyAgent?: Agent;
}

export interface Connection {
  /** Address of the API server; may end in a path under which the whole API lives. */
  readonly serverUrl: URL;
  /** Namespace that the configuration names, if any. */
  readonly namespace: string | undefined;
  /**
   * Reads the credentials, from files, a program or memory as the configuration says.
   *
   * @throws Error when a file cannot be read or a program fails
   */
  credentials(): Promise<Credentials>;
}

/**
 * Keeps credentials for a short time, so that thousands of requests do not each read files, and rotated tokens and
 * certificates are still taken up.
 *
 * @param maxAgeMs how long credentials are used before they are read again
 */
export class CredentialsCache {
  readonly #connection: Connection;
  readonly #maxAgeMs: number;
  readonly #monotonic: () => number;
  #current: Promise<Credentials> | undefined;
  #readAt = 0;

  constructor(connection: Connection, maxAgeMs: number, monotonic: () => number) {
    this.#connection = connection;
    this.#maxAgeMs = maxAgeMs;
    this.#monotonic = monotonic;
  }

  /** The credentials to use now. A failed read is not kept. */
  get(): Promise<Credentials> {
    if (this.#current !== undefined && this.#monotonic() - this.#readAt < this.#maxAgeMs) return this.#current;
    const reading = this.#connection.credentials();
    this.#current = reading;
    this.#readAt = this.#monotonic();
    reading.catch(() => {
      if (this.#current === reading) this.#current = undefined;
    });
    return reading;
  }

  /** The server refused them: the next `get` reads anew. */
  invalidate(): void {
    this.#current = undefined;
  }
}
