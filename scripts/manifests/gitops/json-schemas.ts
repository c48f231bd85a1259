/** JSON schemas of our kinds for editors: what the definitions say, with every field that is not theirs marked as wrong. */
import { buildDefinition, STORED_KINDS } from "../../crds/definitions.ts";
import type { StructuralSchema } from "../../crds/structural-schema.ts";

export interface SchemaFile {
  readonly path: string;
  readonly text: string;
}

/** As kubeconform and catalogues of definitions name them. */
export function renderJsonSchemas(): readonly SchemaFile[] {
  return STORED_KINDS.map((kind) => {
    const { entry } = kind;
    const [version] = buildDefinition(kind).spec.versions;
    if (version === undefined) throw new Error(`${entry.kind} has no version`);
    const root = strict(version.schema.openAPIV3Schema);
    const named = {
      apiVersion: { type: "string", enum: [entry.apiVersion] },
      kind: { type: "string", enum: [entry.kind] },
      // Kubernetes' own, and checked by it.
      metadata: { type: "object" },
    };
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      title: `${entry.kind} of ${entry.apiVersion}`,
      ...root,
      required: ["apiVersion", "kind", "metadata", ...(version.schema.openAPIV3Schema.required ?? [])],
      properties: { ...root.properties, ...named },
    };
    return { path: `${entry.kind.toLowerCase()}_${entry.version}.json`, text: `${JSON.stringify(schema, null, 1)}\n` };
  });
}

interface JsonSchema extends Omit<StructuralSchema, "properties" | "items" | "additionalProperties" | "anyOf"> {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly items?: unknown;
  readonly additionalProperties?: unknown;
  readonly anyOf?: readonly unknown[];
}

function strict(node: StructuralSchema): JsonSchema {
  const { properties, items, additionalProperties, anyOf, ...rest } = node;
  const {
    "x-kubernetes-int-or-string": _int,
    "x-kubernetes-preserve-unknown-fields": isOpen,
    "x-kubernetes-embedded-resource": _embedded,
    "x-kubernetes-list-type": _type,
    "x-kubernetes-list-map-keys": _keys,
    format,
    pattern,
    maxLength,
    ...plain
  } = rest;
  // Editors know dates; lengths and patterns of numbers that may be texts are the API server's affair.
  const isText = node.type === "string";
  return {
    ...plain,
    ...(format === "date-time" && { format }),
    ...(isText && pattern !== undefined && { pattern }),
    ...(isText && maxLength !== undefined && { maxLength }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(strict) }),
    ...(items !== undefined && { items: strict(items) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, strict(child)])),
    }),
    ...(additionalProperties !== undefined && { additionalProperties: strict(additionalProperties) }),
    ...(properties !== undefined &&
      additionalProperties === undefined &&
      isOpen !== true && { additionalProperties: false }),
  };
}
