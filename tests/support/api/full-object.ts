/** Builds objects in which every field that a schema names has a value, and every open object has further ones. */
import type { StoredKind } from "../../../scripts/crds/definitions.ts";
import type { OpenObject, SchemaNode } from "../../../shared/api/schema.ts";
import { KUBERNETES_VALUES } from "./kubernetes-values.ts";

export interface FullObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: OpenObject;
  readonly spec: OpenObject;
  /** Missing where the kind has none. */
  readonly status?: OpenObject;
}

/** A field that no version of Kubernetes has today. */
const OF_THE_FUTURE = { fieldOfTheFuture: { deep: [{ isKept: true, count: 3 }, "text"] } };

/**
 * @param name of the object
 * @param namespace left out of cluster-wide objects
 */
export function buildFullObject({ entry, schema }: StoredKind, name: string, namespace: string): FullObject {
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined) throw new Error(`${entry.kind} has no spec`);
  return {
    apiVersion: entry.apiVersion,
    kind: entry.kind,
    metadata: { name, ...(entry.namespaced ? { namespace } : {}), labels: { full: "yes" } },
    spec: fullFields(spec, ["spec"], false),
    ...(status === undefined ? {} : { status: fullFields(status, ["status"], false) }),
  };
}

function fullValue(node: SchemaNode, keys: readonly string[]): unknown {
  const key = keys.at(-1) ?? "";
  if (node["x-kubernetes-int-or-string"] === true) return intOrText(node, keys);
  switch (node.type) {
    case "object":
      return fullFields(node, keys, node["x-kubernetes-preserve-unknown-fields"] === true);
    case "array":
      return [fullValue(node.items ?? {}, keys)];
    case "string":
      // The type that columns look for.
      return keys.at(-2) === "conditions" && key === "type" ? "Ready" : textFor(node, key);
    case "integer":
      return Math.max(node.minimum ?? 0, 7);
    case "number":
      return 62.5;
    case "boolean":
      return true;
    default:
      throw new Error(`${keys.join(".")}: no value for type ${node.type}`);
  }
}

function fullFields(node: SchemaNode, keys: readonly string[], isOpen: boolean): OpenObject {
  const named = Object.entries(node.properties ?? {}).map(([key, child]) => [key, fullValue(child, [...keys, key])]);
  const mapped =
    node.additionalProperties === undefined
      ? []
      : ["memory", "example.com/other"].map((key) => [key, fullValue(node.additionalProperties ?? {}, [...keys, key])]);
  const further = isOpen ? { ...OF_THE_FUTURE, ...KUBERNETES_VALUES[keys.at(-1) ?? ""] } : {};
  return { ...Object.fromEntries([...named, ...mapped]), ...further };
}

/** Both forms are met: quantities as text and as whole numbers, ports by number and by name. */
function intOrText(node: SchemaNode, keys: readonly string[]): number | string {
  if (node.pattern !== undefined) return keys.at(-1) === "memory" ? "1.5Gi" : 2;
  return keys.includes("httpPost") ? "http" : 8080;
}

function textFor(node: SchemaNode, key: string): string {
  // Never the default: it would come back also if the API server had lost the field.
  if (node.enum !== undefined) return node.enum.find((choice) => choice !== node.default && choice !== "") ?? "";
  if (node.format === "date-time") return "2024-05-01T22:00:00Z";
  if (node.format === "byte") return "c2VjcmV0";
  if (node.pattern?.includes("[0-9a-f]{64}")) return "ab".repeat(32);
  if (node.pattern !== undefined) return key === "from" || key === "until" ? "22:00" : "1h30m";
  if (node.default !== undefined) return `other-${key}`;
  return `${key}-text`;
}
