/** Fields of a manifest that a schema does not have: parsers keep them, but in a document they are mistakes. */
import type { SchemaNode } from "../../../shared/api/schema.ts";
import { isJsonObject } from "../../../shared/json/value.ts";

/** @returns the path of each unknown field. Metadata is Kubernetes' own and not looked at */
export function findUnknownFields(schema: SchemaNode, value: unknown, path: string): readonly string[] {
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    return value.flatMap((item, at) => findUnknownFields(items, item, `${path}[${at}]`));
  }
  if (!isJsonObject(value) || !schema.properties || schema["x-kubernetes-preserve-unknown-fields"]) return [];
  const { properties } = schema;
  return Object.entries(value).flatMap(([key, child]) => {
    const inner = properties[key];
    if (inner === undefined) return [`${path}.${key}`];
    return key === "metadata" ? [] : findUnknownFields(inner, child, `${path}.${key}`);
  });
}
