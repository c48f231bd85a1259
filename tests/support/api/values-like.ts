/** Random values for properties about schemas: some conform, some have one or more wrong fields. */
import fc from "fast-check";
import type { SchemaNode } from "../../../shared/api/schema.ts";

/** How often a field is replaced by something of another type, in a value that is meant to be wrong. */
const ONE_FIELD_IN = 40;
const MAX_LIST_LENGTH = 2;

/** About half of the values conform to the schema. None holds a null, which the API server would have dropped. */
export function valuesLike(schema: SchemaNode): fc.Arbitrary<unknown> {
  return fc.oneof(likeNode(schema, false), likeNode(schema, true));
}

const somethingElse = fc.constantFrom<unknown>("", "text", 7, -7, 0.5, true, [], ["text"], {}, { key: 1 });

function likeNode(node: SchemaNode, mayBeWrong: boolean): fc.Arbitrary<unknown> {
  const right = conformingTo(node, mayBeWrong);
  if (!mayBeWrong) return right;
  return fc.oneof({ weight: ONE_FIELD_IN - 1, arbitrary: right }, { weight: 1, arbitrary: somethingElse });
}

function conformingTo(node: SchemaNode, mayBeWrong: boolean): fc.Arbitrary<unknown> {
  if (node["x-kubernetes-int-or-string"] === true) return fc.constantFrom<unknown>(1, "1", "250m", "4Gi");
  switch (node.type) {
    case "object":
      return objectOf(node, mayBeWrong);
    case "array":
      return fc.array(likeNode(node.items ?? {}, mayBeWrong), { maxLength: MAX_LIST_LENGTH });
    case "string":
      return textOf(node);
    case "integer":
      return fc.integer({ min: node.minimum ?? -5, max: node.maximum ?? 5_000 });
    case "number":
      return fc.double({ min: node.minimum ?? -5, max: node.maximum ?? 5_000, noNaN: true });
    case "boolean":
      return fc.boolean();
    default:
      return somethingElse;
  }
}

function textOf(node: SchemaNode): fc.Arbitrary<string> {
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  if (node.format === "date-time") return fc.constantFrom("2024-05-01T22:00:00Z", "1999-12-31T23:59:59.5+01:00");
  if (node.pattern !== undefined) return fc.constantFrom("0", "30m");
  return fc.constantFrom("", "web", "a/b", "0 2 * * *");
}

function objectOf(node: SchemaNode, mayBeWrong: boolean): fc.Arbitrary<unknown> {
  if (node.additionalProperties !== undefined) {
    return fc.dictionary(fc.constantFrom("a", "b.c/d"), likeNode(node.additionalProperties, mayBeWrong));
  }
  const fields = Object.entries(node.properties ?? {}).map(
    ([key, child]) => [key, likeNode(child, mayBeWrong)] as const,
  );
  const requiredKeys = mayBeWrong ? [] : [...(node.required ?? [])];
  const required = new Set(node.required);
  const wanted = fields.map(([key, value]) => {
    if (!required.has(key)) return [key, fc.option(value, { nil: undefined, freq: 1 })] as const;
    return [key, requiredKeys.length > 0 ? value : fc.option(value, { nil: undefined, freq: ONE_FIELD_IN })] as const;
  });
  return fc
    .record(Object.fromEntries([...wanted, ["unknownToUs", fc.option(fc.constant("kept"), { nil: undefined })]]))
    .map((value) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)));
}
