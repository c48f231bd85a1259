/** Fields that no definition knows: the API server drops them without a word. Pure. */
import type { SchemaNode } from "../../shared/api/schema.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { nearestNames } from "../cluster/nearest-names.ts";

export interface UnknownField {
  readonly key: string;
  /** Such as `spec.members[1].target.excludes`. */
  readonly path: string;
  /** What was meant, as far as names tell. */
  readonly near: readonly string[];
}

/** What Kubernetes itself knows at the top of every object. */
const TOP = ["apiVersion", "kind", "metadata", "status"];

export function findUnknownFields(schema: SchemaNode, object: unknown): readonly UnknownField[] {
  if (!isJsonObject(object)) return [];
  const known = [...Object.keys(schema.properties ?? {}), ...TOP];
  const here = unknownKeys(object, known, "");
  return [...here, ...visit(schema.properties?.["spec"], object["spec"], "spec")];
}

function visit(node: SchemaNode | undefined, value: unknown, path: string): readonly UnknownField[] {
  if (node === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item, at) => visit(node.items, item, `${path}[${at}]`));
  if (!isJsonObject(value)) return [];
  const { properties, additionalProperties } = node;
  if (additionalProperties !== undefined) {
    return Object.entries(value).flatMap(([key, one]) => visit(additionalProperties, one, `${path}.${key}`));
  }
  if (properties === undefined) return [];
  const isOpen = node["x-kubernetes-preserve-unknown-fields"] === true;
  const known = Object.keys(properties);
  const here = unknownKeys(value, known, path).filter(({ near, key }) => !isOpen || isOtherCase(key, near));
  return [...here, ...Object.entries(value).flatMap(([key, one]) => visit(properties[key], one, `${path}.${key}`))];
}

function unknownKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: string,
): readonly UnknownField[] {
  const keys = Object.keys(value).filter((key) => !known.includes(key));
  return keys.map((key) => ({ key, path: path === "" ? key : `${path}.${key}`, near: nearestNames(key, known) }));
}

/** Kubernetes' own types may know more fields than we do, but none that differs from another by its capitals alone. */
function isOtherCase(key: string, near: readonly string[]): boolean {
  return near.some((name) => name.toLowerCase() === key.toLowerCase());
}
