/** Renders docs/fields.md: every field of every kind, from the schemas that the CRDs are made of. */
import type { SchemaNode } from "../../shared/api/schema.ts";
import { DURATION_PATTERN, QUANTITY_PATTERN } from "../../shared/api/schema.ts";
import { STORED_KINDS } from "../crds/definitions.ts";

/** A part that several kinds share and that is large enough for a table of its own. */
interface SharedPart {
  readonly title: string;
  readonly node: SchemaNode;
}

/** Parts with fewer fields are written out wherever they stand. */
const LEAST_FIELDS = 5;

const INTRODUCTION = [
  "# Fields",
  "",
  "Every field of every kind, generated from the same schemas as the CustomResourceDefinitions by `npm run generate`. `[]` stands for each item of a list, `*` for",
  "each key of a map. Fields in **bold** must be given. Parts that several kinds share have tables of their own at the end.",
  "",
];

/** The whole page, ready to be written. */
export function renderFields(): string {
  const parts = findSharedParts();
  const kinds = STORED_KINDS.flatMap(({ entry, schema, meaning }) => {
    const { spec, status } = schema.properties ?? {};
    const rows = [...rowsOf("spec", spec, parts, schema.required), ...rowsOf("status", status, parts, schema.required)];
    return [`## ${entry.kind}`, "", `${meaning} \`${entry.apiVersion}\``, "", ...table(rows)];
  });
  const shared = [...parts.values()].flatMap(({ title, node }) => {
    return [`## ${title}`, "", ...table(childRows("", node, parts))];
  });
  return `${[...INTRODUCTION, ...kinds, ...shared].join("\n").trimEnd()}\n`;
}

function table(rows: readonly string[]): readonly string[] {
  return ["| field | type | meaning |", "|---|---|---|", ...rows, ""];
}

/** What a part is, apart from where it stands. */
function shapeOf(node: SchemaNode): string {
  const { description: _, "~optional": __, ...shape } = node;
  return JSON.stringify(shape);
}

function countFields(node: SchemaNode): number {
  const children = Object.values(node.properties ?? {});
  const below = [...children, ...(node.items ? [node.items] : [])];
  return children.length + below.reduce((sum, child) => sum + countFields(child), 0);
}

/** Objects that stand at more than one place, by their shape, in the order in which they are met. */
function findSharedParts(): ReadonlyMap<string, SharedPart> {
  const places = new Map<string, { readonly name: string; readonly node: SchemaNode; count: number }>();
  const walk = (name: string, node: SchemaNode): void => {
    if (node.items) walk(name, node.items);
    if (!node.properties) return;
    const shape = shapeOf(node);
    const known = places.get(shape);
    if (known) known.count += 1;
    else places.set(shape, { name, node, count: 1 });
    // What lies within a part that was met before is no further place.
    if (!known) for (const [key, child] of Object.entries(node.properties)) walk(key, child);
  };
  for (const { schema } of STORED_KINDS) {
    for (const key of ["spec", "status"]) {
      for (const [name, child] of Object.entries(schema.properties?.[key]?.properties ?? {})) walk(name, child);
    }
  }
  const shared = [...places].filter(([, { node, count }]) => count > 1 && countFields(node) >= LEAST_FIELDS);
  const titles = new Map<string, number>();
  return new Map(
    shared.map(([shape, { name, node }]) => {
      const met = (titles.get(name) ?? 0) + 1;
      titles.set(name, met);
      return [shape, { title: met === 1 ? name : `${name} (${met})`, node }];
    }),
  );
}

/** GitHub's anchor of a heading. */
function anchorOf(title: string): string {
  return title.toLowerCase().replaceAll(" ", "-").replace(/[()]/g, "");
}

function childRows(path: string, node: SchemaNode, parts: ReadonlyMap<string, SharedPart>): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    return rowsOf(path === "" ? key : `${path}.${key}`, child, parts, node.required);
  });
}

/** The row of a field and those of the fields in it. */
function rowsOf(
  path: string,
  node: SchemaNode | undefined,
  parts: ReadonlyMap<string, SharedPart>,
  required: readonly string[] | undefined,
): readonly string[] {
  if (node === undefined) return [];
  const key = path.split(".").at(-1) ?? "";
  const isRequired = required?.includes(key) === true;
  const inner = node.items ?? node;
  const part = inner.properties ? parts.get(shapeOf(inner)) : undefined;
  const see = part === undefined ? "" : `Fields: [${part.title}](#${anchorOf(part.title)}).`;
  const name = isRequired ? `**\`${path}\`**` : `\`${path}\``;
  const row = `| ${name} | ${typeOf(node)} | ${[...meaningOf(node), see].filter((text) => text !== "").join(" ")} |`;
  if (part !== undefined) return [row];
  return [row, ...childRows(node.items ? `${path}[]` : path, inner, parts)];
}

function typeOf(node: SchemaNode): string {
  if (node.items) return `list of ${typeOf(node.items)}`;
  if (node["x-kubernetes-int-or-string"]) return node.pattern === QUANTITY_PATTERN ? "quantity" : "number or text";
  if (node.pattern === DURATION_PATTERN) return "duration";
  if (node.format === "date-time") return "time";
  if (node.additionalProperties) return `map of ${typeOf(node.additionalProperties)}`;
  if (node["x-kubernetes-preserve-unknown-fields"]) return "object as Kubernetes defines it";
  switch (node.type) {
    case "string":
      return "text";
    case "boolean":
      return "true or false";
    case "integer":
    case "number":
      return "number";
    default:
      return node.type ?? "any";
  }
}

function meaningOf(node: SchemaNode): readonly string[] {
  const choices = node.enum ?? node.items?.enum;
  return [
    (node.description ?? "").replaceAll("|", "\\|"),
    choices === undefined ? "" : `One of ${choices.map((choice) => `\`${choice}\``).join(", ")}.`,
    node.default === undefined ? "" : `Default \`${JSON.stringify(node.default)}\`.`,
  ];
}
