/** Whether the API server is one that we know, and serves our kinds as we write them. */
import { KINDS } from "../../shared/api/kinds.ts";
import {
  APPLY_DEFINITIONS,
  findDefinitionFaults,
  formatDefinitionFault,
  formatDropped,
} from "../../shared/definitions/fault.ts";
import { findMissingFields } from "../../shared/definitions/missing-fields.ts";
import { definitionName, STORED, type StoredSchema } from "../../shared/definitions/stored-schemas.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import type { ServerVersion } from "../../shared/kube/client/discovery.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

const DEFINITIONS: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  namespaced: false,
};

const OLDEST_MINOR = 20;
const NEWEST_MINOR = 37;

/** A field that upstream's definitions of the batches do not have: a server with those would drop it without a word. */
const OWN_FIELD = ["spec", "properties", "timeZone"] as const;

export function checkVersion({ major, minor, text }: ServerVersion): Finding {
  const check = "Kubernetes version";
  if (major === 1 && minor < OLDEST_MINOR) {
    return fault(check, `${text} is older than 1.${OLDEST_MINOR}`, `upgrade the cluster to 1.${OLDEST_MINOR} or later`);
  }
  if (minor > NEWEST_MINOR) {
    return warning(check, `${text} is newer than 1.${NEWEST_MINOR}`, "look for a newer version of stash-batch");
  }
  return ok(check, text);
}

export async function findDefinitions(client: Pick<KubeClient, "find">): Promise<ReadonlyMap<string, unknown>> {
  const found = await Promise.all(
    STORED.map(async ({ entry }) => {
      const name = definitionName(entry);
      return [name, await client.find(DEFINITIONS, undefined, name, asIs)] as const;
    }),
  );
  return new Map(found.filter(([, definition]) => definition !== undefined));
}

/** The same by what the API server publishes of the definitions. */
export function checkPublished(schemas: ReadonlyMap<string, unknown>): readonly Finding[] {
  const check = "definitions";
  const wrong = findDefinitionFaults(schemas).map((one) => fault(check, formatDefinitionFault(one), APPLY_DEFINITIONS));
  return wrong.length > 0 ? wrong : [ok(check, `${STORED.length} kinds are published as this version writes them`)];
}

/** One finding for each definition that is wrong, or one for all. */
export function checkDefinitions(found: ReadonlyMap<string, unknown>): readonly Finding[] {
  const check = "definitions";
  const wrong = STORED.flatMap((stored) => {
    const name = definitionName(stored.entry);
    const problem = findProblem(stored, found.get(name));
    return problem === undefined ? [] : [fault(check, `${name} ${problem}`, APPLY_DEFINITIONS)];
  });
  return wrong.length > 0 ? wrong : [ok(check, `${STORED.length} kinds are served as this version writes them`)];
}

function findProblem({ entry, schema }: StoredSchema, definition: unknown): string | undefined {
  if (definition === undefined) return "is missing";
  const isEstablished = objectsAt(definition, "status", "conditions").some(
    (condition) => textAt(condition, "type") === "Established" && textAt(condition, "status") === "True",
  );
  if (!isEstablished) return "is not served yet";
  const version = objectsAt(definition, "spec", "versions").find((one) => textAt(one, "name") === entry.version);
  if (valueAt(version, "served") !== true) return `does not serve ${entry.version}`;
  const properties = valueAt(version, "schema", "openAPIV3Schema", "properties");
  if (properties === undefined) return "has no schema";
  if (entry.kind === KINDS.BackupBatch.kind && valueAt(properties, ...OWN_FIELD) === undefined) {
    return "is not of this product (upstream's has fewer fields)";
  }
  const missing = findMissingFields(schema, valueAt(version, "schema", "openAPIV3Schema"));
  return missing.length === 0
    ? undefined
    : `is of an older version: it drops ${formatDropped(missing)} from what is written`;
}
