/** values.yaml, values.schema.json and the table of docs/chart.md. */
import { stringify } from "yaml";
import { CHART_VALUES, type ChartValue } from "./values.ts";

interface Branch {
  readonly [key: string]: Branch | ChartValue;
}

function isValue(node: Branch | ChartValue): node is ChartValue {
  return typeof node["path"] === "string";
}

/** The values as a tree, in their order. */
function treeOf(values: readonly ChartValue[], depth = 0): Branch {
  const keys = [...new Set(values.map(({ path }) => path.split(".")[depth] ?? ""))];
  return Object.fromEntries(
    keys.map((key) => {
      const under = values.filter(({ path }) => path.split(".")[depth] === key);
      const [first] = under;
      const isLeaf = first !== undefined && first.path.split(".").length === depth + 1;
      return [key, isLeaf ? first : treeOf(under, depth + 1)];
    }),
  );
}

const HEADER =
  "# Generated from scripts/manifests/chart/values.ts by `npm run generate`. values.schema.json refuses what is not here.\n";

export function renderValues(): string {
  const lines = (branch: Branch, indent: string): readonly string[] =>
    Object.entries(branch).flatMap(([key, node]) => {
      if (!isValue(node)) return [`${indent}${key}:`, ...lines(node, `${indent}  `)];
      const text = stringify({ [key]: node.fallback }, { lineWidth: 0 }).trimEnd();
      return [`# ${node.meaning}`, ...text.split("\n")].map((line) => `${indent}${line}`);
    });
  return `${HEADER}${lines(treeOf(CHART_VALUES), "").join("\n")}\n`;
}

export function renderValuesSchema(): string {
  const schemaOf = (node: Branch | ChartValue): object => {
    if (isValue(node)) return { description: node.meaning, ...node.schema, default: node.fallback };
    const properties = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, schemaOf(child)]));
    return { type: "object", additionalProperties: false, properties };
  };
  const tree = schemaOf(treeOf(CHART_VALUES));
  const properties: unknown = Reflect.get(tree, "properties");
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Values of the chart stash-batch",
    ...tree,
    // Helm hands it to a chart that is part of another.
    properties: { global: { type: "object" }, ...(typeof properties === "object" ? properties : {}) },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

export function renderValuesTable(): string {
  const rows = CHART_VALUES.map(({ path, fallback, meaning }) => {
    const shown = JSON.stringify(fallback).replaceAll("|", "\\|");
    return `| \`${path}\` | \`${shown}\` | ${meaning} |`;
  });
  return ["| value | default | meaning |", "|---|---|---|", ...rows, ""].join("\n");
}
