/** What this API server serves: kinds come with CRDs and leave with versions. */
import type { Clock } from "../../clock.ts";
import { listAt, parseJson, textAt } from "../../json/value.ts";
import type { Resource } from "../resource.ts";
import { isNotFound } from "./error.ts";
import type { KubeClient } from "./interface.ts";

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  /** Such as "v1.20.2". */
  readonly text: string;
}

export interface Discovery {
  hasResource(group: string, version: string, plural: string): Promise<boolean>;
  /** The first of the resources that is served; for kinds that changed their version, newest first. */
  firstServed<R extends Resource>(candidates: readonly R[]): Promise<R | undefined>;
  serverVersion(): Promise<ServerVersion>;
}

/** What is served is asked for again after this long; what is not, sooner: a CRD may be on its way. */
const SERVED_MAX_AGE_MS = 10 * 60_000;
const MISSING_MAX_AGE_MS = 15_000;

interface Answer {
  readonly plurals: ReadonlySet<string>;
  readonly askedAt: number;
}

export function createDiscovery(client: Pick<KubeClient, "read">, clock: Clock): Discovery {
  const answers = new Map<string, Answer>();

  async function ask(group: string, version: string): Promise<ReadonlySet<string>> {
    try {
      const body = await client.read(group === "" ? `/api/${version}` : `/apis/${group}/${version}`);
      return new Set(listAt(parseJson(body), "resources").flatMap((resource) => textAt(resource, "name") ?? []));
    } catch (thrown) {
      if (isNotFound(thrown)) return new Set();
      throw thrown;
    }
  }

  async function hasResource(group: string, version: string, plural: string): Promise<boolean> {
    const key = `${group}/${version}`;
    const known = answers.get(key);
    if (known !== undefined) {
      const served = known.plurals.has(plural);
      const maxAgeMs = served ? SERVED_MAX_AGE_MS : MISSING_MAX_AGE_MS;
      if (clock.monotonic() - known.askedAt < maxAgeMs) return served;
    }
    const plurals = await ask(group, version);
    answers.set(key, { plurals, askedAt: clock.monotonic() });
    return plurals.has(plural);
  }

  return {
    hasResource,
    async firstServed(candidates) {
      for (const resource of candidates) {
        if (await hasResource(resource.group, resource.version, resource.plural)) return resource;
      }
      return undefined;
    },
    async serverVersion() {
      const version = parseJson(await client.read("/version"));
      // Providers decorate the numbers ("20+").
      const number = (key: string): number => Number.parseInt(textAt(version, key) ?? "", 10) || 0;
      return { major: number("major"), minor: number("minor"), text: textAt(version, "gitVersion") ?? "" };
    },
  };
}
