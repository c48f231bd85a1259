import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildDefinition, renderDefinition, STORED_KINDS } from "../../../scripts/crds/definitions.ts";
import { type StructuralSchema, structuralSchema } from "../../../scripts/crds/structural-schema.ts";
import { DEFINITIONS_FOLDER, generateFiles } from "../../../scripts/generated-files.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { SchemaNode } from "../../../shared/api/schema.ts";
import { UPSTREAM_FIELDS, unfoldFields } from "../../support/api/upstream-fields.ts";

const root = resolve(import.meta.dirname, "../../..");
const kinds = STORED_KINDS.map((kind) => [kind.entry.kind, kind] as const);

function schemaOf(definition: ReturnType<typeof buildDefinition>): StructuralSchema {
  const schema = definition.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error("the definition has no version");
  return schema;
}

/** What the file on disk says, not what the generator would write today. */
function schemaOnDisk(plural: string, group: string): StructuralSchema {
  return schemaOf(parse(readFileSync(join(root, DEFINITIONS_FOLDER, `${plural}.${group}.yaml`), "utf8")));
}

function childAt(schema: StructuralSchema, keys: readonly string[]): StructuralSchema | undefined {
  let node: StructuralSchema | undefined = schema;
  for (const key of keys) node = key === "[]" ? node?.items : node?.properties?.[key];
  return node;
}

function* nodesOf(
  schema: StructuralSchema,
  keys: readonly string[] = [],
): Generator<readonly [readonly string[], StructuralSchema]> {
  yield [keys, schema];
  for (const [key, child] of Object.entries(schema.properties ?? {})) yield* nodesOf(child, [...keys, key]);
  if (schema.items !== undefined) yield* nodesOf(schema.items, [...keys, "[]"]);
  if (schema.additionalProperties !== undefined) yield* nodesOf(schema.additionalProperties, [...keys, "*"]);
}

function upstreamFieldsOf(kind: string) {
  const shortForm = Object.entries(UPSTREAM_FIELDS).find(([name]) => name === kind)?.[1];
  if (shortForm === undefined) throw new Error(`no upstream fields of ${kind}`);
  return unfoldFields(shortForm);
}

/** Those that structural schemas of 1.20 know. Rules in CEL are not among them: 1.20 would drop them in silence. */
const ALLOWED_KEYWORDS = new Set([
  ..."description type format default enum pattern minimum maximum maxLength maxItems required properties items".split(
    " ",
  ),
  ..."additionalProperties anyOf x-kubernetes-int-or-string x-kubernetes-embedded-resource".split(" "),
  ..."x-kubernetes-preserve-unknown-fields x-kubernetes-list-type x-kubernetes-list-map-keys".split(" "),
]);

function isDefaultAllowed(node: StructuralSchema): boolean {
  return node.default === undefined || node.enum?.some((choice) => choice === node.default) === true;
}

/** Every field of a schema that can be set, as keys from the top. */
function* fieldsOf(schema: SchemaNode, keys: readonly string[] = []): Generator<readonly string[]> {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    yield [...keys, key];
    yield* fieldsOf(child, [...keys, key]);
  }
  if (schema.items !== undefined) yield* fieldsOf(schema.items, [...keys, "[]"]);
}

describe("generated files", () => {
  test.each(generateFiles().map((file) => [file.path, file.text] as const))("%s is up to date", (path, text) => {
    expect(readFileSync(join(root, path), "utf8"), "run `npm run generate`").toBe(text);
  });

  test("there is one definition a stored kind, their list, and no other file", () => {
    const stored = STORED_KINDS.map(({ entry }) => `${entry.plural}.${entry.group}.yaml`).concat("kustomization.yaml");
    expect(readdirSync(join(root, DEFINITIONS_FOLDER)).sort()).toEqual(stored.sort());
    const storedKinds = STORED_KINDS.map(({ entry }) => entry.kind);
    expect(Object.keys(KINDS).filter((kind) => !storedKinds.includes(kind))).toEqual(["Snapshot"]);
  });
});

describe.each(kinds)("the definition of %s", (_name, { entry, schema, columns }) => {
  const onDisk = schemaOnDisk(entry.plural, entry.group);

  test("loses no field of the schema", () => {
    const fields = [...fieldsOf(schema)].filter((keys) => keys[0] !== "metadata");
    expect(fields.length).toBeGreaterThan(10);
    expect(fields.filter((keys) => childAt(onDisk, keys) === undefined)).toEqual([]);
  });

  test("has every field that upstream has, required where upstream requires it", () => {
    const fields = upstreamFieldsOf(entry.kind);
    expect(fields.filter(({ keys }) => childAt(onDisk, keys) === undefined)).toEqual([]);
    const required = fields.filter(({ isRequired }) => isRequired);
    const optional = required.filter(({ keys }) => {
      return childAt(onDisk, keys.slice(0, -1))?.required?.includes(keys.at(-1) ?? "") !== true;
    });
    expect(optional).toEqual([]);
  });

  test("says what the kind is", () => {
    expect(onDisk.description).toMatch(/^[A-Z].{30,}[.]$/);
  });

  test("describes every field", () => {
    const silent = [...nodesOf(onDisk)].filter(([keys, { description = "" }]) => {
      const isField = !["[]", "*", undefined].includes(keys.at(-1)) && keys.join() !== "metadata";
      return isField && !/^.+[.]$/s.test(description);
    });
    expect(silent.map(([keys]) => keys.join("."))).toEqual([]);
  });

  test("keeps one condition of each type, wherever conditions stand", () => {
    const lists = [...nodesOf(onDisk)].filter(([keys]) => /^conditions$/.test(keys.at(-1) ?? ""));
    for (const [, node] of lists) {
      expect(node).toMatchObject({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });
    }
    expect(lists.length > 0).toBe(entry.statusSubresource);
  });

  test("has a short name, and columns that fit beside each other", () => {
    expect(entry.shortNames.length).toBeGreaterThan(0);
    const shown = columns.filter(({ priority = 0 }) => priority === 0);
    expect(shown.length).toBeLessThanOrEqual(9);
    const paths = columns.map(({ jsonPath }) =>
      jsonPath
        .replace(/\[[^\]]*\]/g, ".[]")
        .slice(1)
        .split("."),
    );
    const known = paths.filter((keys) => keys[0] !== "metadata");
    expect(known.filter((keys) => childAt(onDisk, keys) === undefined)).toEqual([]);
  });

  test("is structural, and says nothing that an API server of 1.20 refuses or ignores", () => {
    for (const [keys, node] of nodesOf(onDisk)) {
      const faults = [
        ["type", (node.type === undefined) !== (node["x-kubernetes-int-or-string"] === true)],
        [
          "properties beside additionalProperties",
          node.properties !== undefined && node.additionalProperties !== undefined,
        ],
        ["items", (node.type === "array") !== (node.items !== undefined)],
        ["empty default", node.default === ""],
        ["default out of the closed list", node.enum !== undefined && !isDefaultAllowed(node)],
        [
          "required field without schema",
          node.required?.some((field) => node.properties?.[field] === undefined) === true,
        ],
        ["keyword", Object.keys(node).some((keyword) => !ALLOWED_KEYWORDS.has(keyword))],
      ] as const;
      expect([keys, faults.filter(([, isFault]) => isFault)]).toEqual([keys, []]);
    }
  });
});

describe("in objects that upstream knows nothing is required which upstream leaves optional", () => {
  test.each(kinds)("%s", (_name, { entry }) => {
    const upstream = upstreamFieldsOf(entry.kind);
    const required = new Set(upstream.filter(({ isRequired }) => isRequired).map(({ keys }) => keys.join(".")));
    const parents = new Set(upstream.flatMap(({ keys }) => keys.map((_key, depth) => keys.slice(0, depth).join("."))));
    const stricter = [...nodesOf(schemaOnDisk(entry.plural, entry.group))]
      .filter(([keys]) => parents.has(keys.join(".")))
      .flatMap(([keys, node]) => (node.required ?? []).map((field) => [...keys, field].join(".")))
      .filter((field) => !required.has(field));
    // An object without spec can do nothing; upstream's API server takes it all the same.
    expect(stricter).toEqual(["spec"]);
  });
});

test("the key facts of the BackupBatch definition", () => {
  const kind = STORED_KINDS.find(({ entry }) => entry.kind === "BackupBatch");
  if (kind === undefined) throw new Error("BackupBatch is not stored");
  const definition = buildDefinition(kind);
  const [version] = definition.spec.versions;
  expect(definition.metadata).toEqual({
    name: "backupbatches.stash.appscode.com",
    labels: { "app.kubernetes.io/name": "stash" },
  });
  expect(definition.spec.scope).toBe("Namespaced");
  expect(definition.spec.names).toEqual({
    kind: "BackupBatch",
    listKind: "BackupBatchList",
    plural: "backupbatches",
    singular: "backupbatch",
    shortNames: ["bbatch"],
    categories: ["stash", "appscode", "all"],
  });
  expect(version).toMatchObject({ name: "v1beta1", served: true, storage: true, subresources: { status: {} } });
  expect(version?.additionalPrinterColumns.map(({ name, priority = 0 }) => [name, priority])).toEqual([
    ["Schedule", 0],
    ["Paused", 0],
    ["Last-Point", 0],
    ["Next", 0],
    ["Phase", 0],
    ["Ready", 0],
    ["Age", 0],
    ["Last-Success", 1],
    ["Why", 1],
  ]);
  const schema = schemaOf(definition);
  expect(schema.required).toEqual(["spec"]);
  expect(childAt(schema, ["spec"])?.required).toEqual(["retentionPolicy"]);
  expect(childAt(schema, ["spec", "executionOrder"])).toEqual({
    description: "Whether members run at once or one after another.",
    type: "string",
    default: "Parallel",
    enum: ["Parallel", "Sequential"],
  });
  expect(childAt(schema, ["spec", "members", "[]", "tempDir", "sizeLimit"])).toMatchObject({
    "x-kubernetes-int-or-string": true,
    anyOf: [{ type: "integer" }, { type: "string" }],
  });
  const kept = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  expect(childAt(schema, ["spec", "members", "[]", "runtimeSettings", "pod", "affinity"])).toMatchObject(kept);
  expect(childAt(schema, ["metadata"])).toEqual({ type: "object" });
  expect(childAt(schema, ["status"])?.default).toEqual({ observedGeneration: -1 });
});

test("writing a definition twice gives the same bytes, and a header that tells where it comes from", () => {
  for (const kind of STORED_KINDS) {
    const text = renderDefinition(kind);
    expect(renderDefinition(kind)).toBe(text);
    expect(text).toMatch(/^# Generated from shared\/api by `npm run generate`/);
  }
});

describe("generation stops", () => {
  test("at a keyword that a definition would lose", () => {
    const schema = { type: "object", properties: { a: { type: "string", contentEncoding: "base64" } } };
    expect(() => structuralSchema(schema, "Kind")).toThrow("Kind.a: a CRD cannot say contentEncoding");
  });

  test("at an empty default, which API servers of 1.20 refuse", () => {
    expect(() => structuralSchema({ type: "string", default: "" }, "Kind.a")).toThrow("Kind.a");
  });
});
