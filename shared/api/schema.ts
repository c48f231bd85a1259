/**
 * Builders of schemas. A schema is at once a static type (`Value`), what the parser of shared/api/parse.ts reads, and
 * what the CRD is generated from, so only what a structural CRD schema can say is offered here.
 *
 * Builders are imported from TypeBox one by one: the default import costs each agent about 3 MiB.
 */
import * as Type from "typebox/type";
import { MAX_DURATION_LENGTH } from "../duration.ts";

/** What the parser and the CRD generator see of a schema. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "~kind"?: string;
  readonly "~unsafe"?: unknown;
  readonly "~optional"?: true;
}

export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** Static type of a schema, readonly all the way down. */
export type Value<Schema extends Type.TSchema> = DeepReadonly<Type.Static<Schema>>;

/** An object whose fields we pass on without looking at them. */
export type OpenObject = Readonly<Record<string, unknown>>;

/** Commands, bodies of requests, messages: far more than anyone writes, so that no object takes long to read. */
const MAX_TEXT_LENGTH = 65_536;
/** Kubernetes' own limit for all annotations of an object together. */
const MAX_ANNOTATION_LENGTH = 262_144;
/** A host's entry with all its snapshots. */
export const MAX_RECORDED_LENGTH = 262_144;
/** Members, paths, variables: what people write down one by one. */
const MAX_ITEMS = 1_000;
/** Hosts of a DaemonSet, their snapshots, users of a Repository: what grows with the cluster. */
const MAX_MANY_ITEMS = 20_000;
const MAX_CRON_LENGTH = 256;
const MAX_ZONE_LENGTH = 64;
const MAX_QUANTITY_LENGTH = 64;
/** Kubernetes' limits for names of objects, and of namespaces. */
const MAX_NAME_LENGTH = 253;
const MAX_NAMESPACE_LENGTH = 63;

export const text = Type.String({ maxLength: MAX_TEXT_LENGTH });
export const recordedText = Type.String({ maxLength: MAX_RECORDED_LENGTH });
/** Names of objects, kinds, API versions, containers and volumes. */
export const nameText = Type.String({ maxLength: MAX_NAME_LENGTH });
export const namespaceText = Type.String({ maxLength: MAX_NAMESPACE_LENGTH });
export const cronText = Type.String({ maxLength: MAX_CRON_LENGTH });
export const zoneText = Type.String({ maxLength: MAX_ZONE_LENGTH });
export const flag = Type.Boolean();
export const int32 = Type.Integer({ format: "int32" });
export const int64 = Type.Integer({ format: "int64" });
/** Each is a claim to be made, and a job. */
export const MAX_REPLICAS = MAX_ITEMS;
export const replicaCount = Type.Integer({ format: "int32", maximum: MAX_REPLICAS });
/** Never below zero: sizes and counts. */
export const count = Type.Integer({ format: "int64", minimum: 0 });

/** RFC 3339 text. */
export const time = Type.String({ format: "date-time" });

// Each character can be read in one way only: a pattern with two takes a time that grows with the square of the text.
export const DURATION_PATTERN = "^(0|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
export const QUANTITY_PATTERN = "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$";

/** Go duration text such as `1h30m`. Never negative: every field of this type is a wait or a limit. */
export const duration = Type.String({ pattern: DURATION_PATTERN, maxLength: MAX_DURATION_LENGTH });

const INTEGER_OR_TEXT = [{ type: "integer" }, { type: "string" }];

export const intOrString = Type.Unsafe<number | string>({
  "x-kubernetes-int-or-string": true,
  anyOf: INTEGER_OR_TEXT,
  maxLength: MAX_NAME_LENGTH,
});

/** Kubernetes quantity, `500m` or `2Gi`; whole numbers may stand without quotes. */
export const quantity = Type.Unsafe<number | string>({
  "x-kubernetes-int-or-string": true,
  anyOf: INTEGER_OR_TEXT,
  pattern: QUANTITY_PATTERN,
  maxLength: MAX_QUANTITY_LENGTH,
});

/** Labels, annotations, selectors. */
export const stringMap = Type.Unsafe<Record<string, string>>({
  type: "object",
  additionalProperties: Type.String({ maxLength: MAX_ANNOTATION_LENGTH }),
});
export const quantityMap = Type.Unsafe<Record<string, number | string>>({
  type: "object",
  additionalProperties: quantity,
});

/** An object that we keep whole and never look into. */
export const anyObject = Type.Unsafe<OpenObject>({ type: "object", "x-kubernetes-preserve-unknown-fields": true });

export function list<Item extends Type.TSchema>(items: Item) {
  return Type.Array(items, { maxItems: MAX_ITEMS });
}

/** A list that is cut to a length of its own before it is written. */
export function shortList<Item extends Type.TSchema>(items: Item, maxItems: number) {
  return Type.Array(items, { maxItems });
}

/** A list whose items differ in one field, so that several writers can own an item each. */
export function listByKey<Item extends Type.TSchema>(items: Item, key: string) {
  return Type.Array(items, {
    maxItems: MAX_ITEMS,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": [key],
  });
}

/** A list that grows with the cluster, not with what a person writes. */
export function longList<Item extends Type.TSchema>(items: Item) {
  return Type.Array(items, { maxItems: MAX_MANY_ITEMS });
}

/** Fields that are not listed are pruned by the API server, and kept by the parser. */
export function object<Properties extends Type.TProperties>(properties: Properties) {
  return Type.Object(properties);
}

/** Fields that are not listed are kept by the API server too: for types which Kubernetes owns and extends. */
export function openObject<Properties extends Type.TProperties>(properties: Properties) {
  return Type.Object(properties, { "x-kubernetes-preserve-unknown-fields": true });
}

/** One of the values of a closed list, a const object such as `{ Running: "Running" } as const`. */
export function oneOf<const List extends Readonly<Record<string, string>>>(closedList: List) {
  return Type.Unsafe<List[keyof List]>({ type: "string", enum: Object.values(closedList) });
}

/** Exactly this text. */
export function literal<const Text extends string>(value: Text) {
  return Type.Unsafe<Text>({ type: "string", enum: [value] });
}

// Fields are marked by spreading. TypeBox's own Optional() copies property by property with descriptors, which leaves
// about 1 MiB of garbage pages in an agent that loads six kinds.
const OPTIONAL = { "~optional": true } as const;

/** A field that may be missing. */
export function optional<Schema extends Type.TSchema>(schema: Schema, description?: string) {
  return description === undefined ? { ...schema, ...OPTIONAL } : { ...schema, ...OPTIONAL, description };
}

/** A field that must be there, with its description. */
export function required<Schema extends Type.TSchema>(schema: Schema, description: string) {
  return { ...schema, description };
}

/** A field that may be missing, and which the API server then fills in. */
export function defaulted<Schema extends Type.TSchema>(schema: Schema, value: unknown, description: string) {
  return { ...schema, ...OPTIONAL, description, default: value };
}
