/** Whether things exist that no informer holds: Secrets, which are never listed, and targets of any kind. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { listAt, parseJson, textAt, valueAt } from "../../shared/json/value.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { SECRETS } from "../../shared/kube/resources.ts";
import type { ResolvedTargetRef } from "../../shared/target/ref.ts";

/** `unknown` holds the API server's words. */
export type Lookup = "found" | "missing" | { readonly unknown: string };

/** What is missing is looked for again soon; invokers that share a Secret share the answer. */
const FOUND_MAX_AGE_MS = 60_000;
const MISSING_MAX_AGE_MS = 3_000;
/** More than a cluster's Secrets for backups; the rest is asked for anew. */
const MAX_ANSWERS = 10_000;

interface Answer {
  readonly lookup: Promise<Lookup>;
  readonly askedAt: number;
  isFound: boolean;
}

export class Lookups {
  readonly #client: Pick<KubeClient, "find" | "read">;
  readonly #clock: Clock;
  readonly #answers = new Map<string, Answer>();
  readonly #resources = new Map<string, { readonly resource: Resource | undefined; readonly askedAt: number }>();

  constructor(client: Pick<KubeClient, "find" | "read">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  secret(namespace: string, name: string): Promise<Lookup> {
    return this.#ask(`secret/${namespace}/${name}`, async () => this.#exists(SECRETS, namespace, name));
  }

  /** Whether a target is there; of kinds that informers hold, ask them. */
  target(ref: ResolvedTargetRef): Promise<Lookup> {
    const { apiVersion, kind, namespace, name } = ref;
    return this.#ask(`${apiVersion}/${kind}/${namespace}/${name}`, async () => {
      const resource = await this.#resourceOf(apiVersion, kind);
      if (resource === undefined) return false;
      return this.#exists(resource, resource.namespaced ? namespace : undefined, name);
    });
  }

  #ask(key: string, exists: () => Promise<boolean>): Promise<Lookup> {
    const now = this.#clock.monotonic();
    const known = this.#answers.get(key);
    if (known !== undefined && now - known.askedAt < (known.isFound ? FOUND_MAX_AGE_MS : MISSING_MAX_AGE_MS)) {
      return known.lookup;
    }
    const lookup = exists().then(
      (isThere): Lookup => {
        answer.isFound = isThere;
        return isThere ? "found" : "missing";
      },
      (error: unknown): Lookup => ({ unknown: messageOf(error) }),
    );
    const answer: Answer = { lookup, askedAt: now, isFound: false };
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MAX_ANSWERS) break;
      this.#answers.delete(oldest);
    }
    return lookup;
  }

  /** Nothing of the object is kept, least of all a Secret's data. */
  async #exists(resource: Resource, namespace: string | undefined, name: string): Promise<boolean> {
    const parse = (object: unknown): boolean => valueAt(object, "metadata", "deletionTimestamp") === undefined;
    return (await this.#client.find(resource, namespace, name, parse)) ?? false;
  }

  async #resourceOf(apiVersion: string, kind: string): Promise<Resource | undefined> {
    if (kind === KINDS.AppBinding.kind && apiVersion === KINDS.AppBinding.apiVersion) return KINDS.AppBinding;
    const key = `${apiVersion}/${kind}`;
    const known = this.#resources.get(key);
    const now = this.#clock.monotonic();
    if (known !== undefined && now - known.askedAt < (known.resource === undefined ? 15_000 : FOUND_MAX_AGE_MS)) {
      return known.resource;
    }
    const resource = await this.#discover(apiVersion, kind);
    this.#resources.set(key, { resource, askedAt: now });
    return resource;
  }

  async #discover(apiVersion: string, kind: string): Promise<Resource | undefined> {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/", 2) : ["", apiVersion];
    if (group === undefined || !version) return undefined;
    try {
      const body = await this.#client.read(group === "" ? `/api/${version}` : `/apis/${group}/${version}`);
      const found = listAt(parseJson(body), "resources").find(
        (resource) => textAt(resource, "kind") === kind && !textAt(resource, "name")?.includes("/"),
      );
      const plural = textAt(found, "name");
      return plural === undefined
        ? undefined
        : { group, version, plural, namespaced: valueAt(found, "namespaced") === true };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
