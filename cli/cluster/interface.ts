/** The cluster as commands see it: what they read and write, by names and plain JSON. */
import type { Readable, Writable } from "node:stream";
import type { Connection } from "../../shared/kube/connection/credentials.ts";
import type { Resource, Selection } from "../../shared/kube/resource.ts";

export interface LogChoice {
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  /** RFC 3339. */
  readonly since: string | undefined;
  readonly previous?: boolean;
}

export interface WriteChoice {
  /** The API server checks and answers, but keeps nothing. */
  readonly isDryRun?: boolean;
}

export interface ExecChoice {
  readonly pod: string;
  readonly container: string;
  /** Program and arguments; no shell is involved. */
  readonly command: readonly string[];
  readonly stdin?: Readable;
  /** Is written to no faster than it takes. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Ends the connection, and with it the call. */
  readonly signal?: AbortSignal;
}

/** Every call throws a KubeError, or a UserError that names the address when nobody answers. */
export interface Cluster {
  /** Of the API server. */
  readonly address: string;
  /** The one of -n, else the context's. */
  readonly namespace: string;
  /** Undefined: all namespaces. */
  readonly scope: string | undefined;
  readonly connection: Connection;
  list(resource: Resource, namespace: string | undefined, selection?: Selection): Promise<readonly unknown[]>;
  /** Undefined when there is no such object. */
  find(resource: Resource, namespace: string | undefined, name: string): Promise<unknown>;
  create(resource: Resource, namespace: string, body: object, choice?: WriteChoice): Promise<unknown>;
  mergePatch(resource: Resource, namespace: string, name: string, body: object, choice?: WriteChoice): Promise<unknown>;
  /** @returns false when there was no such object */
  remove(resource: Resource, namespace: string, name: string): Promise<boolean>;
  /** Runs a command in a container. Both outputs are ended. @returns its exit code */
  exec(namespace: string, choice: ExecChoice): Promise<number>;
  /** Copies a container's log until it ends, or until what was returned is aborted. */
  copyLog(namespace: string, choice: LogChoice, into: Writable): Promise<AbortController>;
}
