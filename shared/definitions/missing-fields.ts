/** Which fields of ours a definition does not know: the API server drops them from what is written, without a word. Pure. */
import type { SchemaNode } from "../api/schema.ts";
import { isJsonObject, valueAt } from "../json/value.ts";

/** The API server knows these by itself. */
const TYPE_META: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/**
 * @param schema ours of the kind
 * @param served schema of the definition that the API server has
 * @returns paths such as `spec.maintenance`, without what is below a path that is missing itself
 */
export function findMissingFields(schema: SchemaNode, served: unknown): readonly string[] {
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !TYPE_META.has(name));
  return missingProperties(properties, served, []);
}

function missingProperties(
  properties: readonly (readonly [string, SchemaNode])[],
  served: unknown,
  path: readonly string[],
): readonly string[] {
  return properties.flatMap(([name, node]) => {
    const at = [...path, name];
    const there = valueAt(served, "properties", name);
    return isJsonObject(there) ? missingBelow(node, there, at) : [at.join(".")];
  });
}

function missingBelow(node: SchemaNode, served: unknown, path: readonly string[]): readonly string[] {
  if (valueAt(served, "x-kubernetes-preserve-unknown-fields") === true) return [];
  if (node.items !== undefined) return missingBelow(node.items, valueAt(served, "items"), path);
  if (node.additionalProperties !== undefined) {
    return missingBelow(node.additionalProperties, valueAt(served, "additionalProperties"), path);
  }
  return missingProperties(Object.entries(node.properties ?? {}), served, path);
}
