/**
 * What the originals of copied Secrets hold, as a hash: read once for all namespaces that have a copy, and not kept. Secrets are not
 * watched, so somebody has to look again and again.
 */
import type { Clock } from "../../shared/clock.ts";
import { canonicalJson, shortHash } from "../../shared/hash.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findGranted } from "../authority.ts";
import type { SecretCopy } from "./decide.ts";

interface Known {
  readonly atMs: number;
  readonly hash: Promise<string>;
}

export class CopiedSources {
  readonly #client: Pick<KubeClient, "find">;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #freshMs: number;
  readonly #known = new Map<string, Known>();

  /** @param freshMs for so long what was read counts */
  constructor(client: Pick<KubeClient, "find">, clock: Pick<Clock, "monotonic">, freshMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#freshMs = freshMs;
  }

  clear(): void {
    this.#known.clear();
  }

  /** What all of them hold now. @throws KubeError */
  async hashOf(copies: readonly SecretCopy[], signal: AbortSignal): Promise<string> {
    const hashes = await Promise.all(copies.map(({ from }) => this.#read(from, signal)));
    return shortHash(canonicalJson(hashes));
  }

  #read(from: SecretCopy["from"], signal: AbortSignal): Promise<string> {
    const key = `${from.namespace}/${from.name}`;
    const now = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known !== undefined && now - known.atMs < this.#freshMs) return known.hash;
    const hash = findGranted(this.#client, from, asIs, { signal }).then((secret) =>
      shortHash(canonicalJson([textAt(secret, "type") ?? null, valueAt(secret, "data") ?? null, secret !== undefined])),
    );
    this.#known.set(key, { atMs: now, hash });
    // One that failed is read anew by the next who asks.
    hash.catch(() => this.#known.delete(key));
    return hash;
  }
}
