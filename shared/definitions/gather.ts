/** The schemas of our kinds as the API server publishes them. It tells them to everybody who may discover what it serves. */
import { isJsonObject, listAt, parseJson, textAt, valueAt } from "../json/value.ts";
import { isForbidden, isNotFound } from "../kube/client/error.ts";
import type { CallOptions, KubeClient } from "../kube/client/interface.ts";
import { STORED } from "./stored-schemas.ts";

export interface PublishedSchemas {
  /** Changes when a schema does. */
  readonly version: string;
  /** By kind; what is not served is not in it. */
  readonly schemas: ReadonlyMap<string, unknown>;
}

const INDEX = "/openapi/v3";

/**
 * @param known what was read before; it is returned itself when nothing has changed since
 * @returns undefined when the API server does not tell: it is older than 1.24, or keeps it from this account
 */
export async function gatherDefinitions(
  client: Pick<KubeClient, "read">,
  known: PublishedSchemas | undefined,
  options: CallOptions,
): Promise<PublishedSchemas | undefined> {
  try {
    const index = parseJson(await client.read(INDEX, {}, options));
    const groups = [...new Set(STORED.map(({ entry }) => `apis/${entry.apiVersion}`))];
    const places = groups.map((group) => textAt(index, "paths", group, "serverRelativeURL") ?? "");
    const version = places.join(" ");
    if (version === known?.version) return known;
    // Without its hash: a document that has changed since the index was read is the one that is wanted.
    const paths = places.flatMap((place) => (place.startsWith(`${INDEX}/`) ? (place.split("?")[0] ?? []) : []));
    const documents = paths.map((path) => client.read(path, {}, options));
    return { version, schemas: new Map((await Promise.all(documents)).flatMap(readSchemas)) };
  } catch (thrown) {
    if (isNotFound(thrown) || isForbidden(thrown)) return undefined;
    throw thrown;
  }
}

/** Lists of our kinds and what they share with others are left out. */
function readSchemas(document: string): readonly (readonly [string, unknown])[] {
  const all = valueAt(parseJson(document), "components", "schemas");
  return Object.values(isJsonObject(all) ? all : {}).flatMap((schema) => {
    const [named] = listAt(schema, "x-kubernetes-group-version-kind");
    const stored = STORED.find(
      ({ entry }) =>
        entry.kind === textAt(named, "kind") &&
        entry.group === textAt(named, "group") &&
        entry.version === textAt(named, "version"),
    );
    return stored === undefined ? [] : [[stored.entry.kind, schema] as const];
  });
}
