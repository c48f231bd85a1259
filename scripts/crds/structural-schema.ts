/** Translates our schemas into structural schemas, as a CustomResourceDefinition takes them. */
import type { SchemaNode } from "../../shared/api/schema.ts";

/** A structural schema: plain data, ready to be written as YAML. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: readonly string[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  properties?: Record<string, StructuralSchema>;
  required?: readonly string[];
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  anyOf?: readonly StructuralSchema[];
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-embedded-resource"?: boolean;
  "x-kubernetes-list-type"?: "map";
  "x-kubernetes-list-map-keys"?: readonly string[];
}

/** Keywords that the API server takes as they are. The order is that of the YAML files. */
const COPIED = [
  "description",
  "type",
  "format",
  "default",
  "enum",
  "pattern",
  "minimum",
  "maximum",
  "maxLength",
  "maxItems",
  "x-kubernetes-int-or-string",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "required",
] as const;
const NESTED = ["anyOf", "properties", "additionalProperties", "items"];
/** Marks of the schema library, which say nothing to the API server. */
const MARKS = ["~kind", "~unsafe", "~optional"];
const KNOWN: ReadonlySet<string> = new Set([...COPIED, ...NESTED, ...MARKS]);

/**
 * @param path where the schema stands, for the error
 * @throws Error when the schema says something that would be lost
 */
export function structuralSchema(node: SchemaNode, path: string): StructuralSchema {
  const lost = Object.keys(node).filter((keyword) => !KNOWN.has(keyword));
  if (lost.length > 0) throw new Error(`${path}: a CRD cannot say ${lost.join(", ")}`);
  if (node.default === "") throw new Error(`${path}: API servers of 1.20 refuse an empty default`);
  const result: StructuralSchema = {};
  for (const keyword of COPIED) copy(node, result, keyword);
  const { anyOf, properties, additionalProperties, items } = node;
  if (anyOf !== undefined) result.anyOf = anyOf.map((choice) => structuralSchema(choice, path));
  if (properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([key, child]) => [key, structuralSchema(child, `${path}.${key}`)]),
    );
  }
  if (additionalProperties !== undefined) {
    result.additionalProperties = structuralSchema(additionalProperties, `${path}.*`);
  }
  if (items !== undefined) result.items = structuralSchema(items, `${path}[]`);
  return result;
}

function copy<Keyword extends (typeof COPIED)[number]>(
  from: Pick<SchemaNode, Keyword>,
  to: Pick<StructuralSchema, Keyword>,
  keyword: Keyword,
): void {
  if (from[keyword] !== undefined) Object.assign(to, { [keyword]: from[keyword] });
}
