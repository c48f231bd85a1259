/** The chart's values: each is used by a template, told, and refused in another form. What helm makes of them is in tests/cluster/chart.test.ts. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { CHART_VALUES } from "../../../scripts/manifests/chart/values.ts";
import { isJsonObject } from "../../../shared/json/value.ts";

const root = join(import.meta.dirname, "../../..");
const chart = join(root, "manifests/chart");
const read = (path: string) => readFileSync(join(chart, path), "utf8");
const validate = new Ajv({ strict: false }).compile(JSON.parse(read("values.schema.json")));
const defaults: unknown = parse(read("values.yaml"));
const templates = globSync("templates/**/*.{yaml,tpl,txt}", { cwd: chart }).map(read).join("\n");
const paths = CHART_VALUES.map(({ path }) => path);

/** The defaults with one value set. */
function withValue(path: string, value: unknown): unknown {
  const put = (at: unknown, [key = "", ...rest]: readonly string[]): unknown => {
    const map = isJsonObject(at) ? at : {};
    return { ...map, [key]: rest.length === 0 ? value : put(map[key], rest) };
  };
  return put(defaults, path.split("."));
}

function leavesOf(value: unknown, at: readonly string[] = []): readonly string[] {
  const path = at.join(".");
  if (!isJsonObject(value) || paths.includes(path)) return [path];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, [...at, key]));
}

test("values.yaml has each value and no other, and its schema takes them as they are", () => {
  expect(leavesOf(defaults).toSorted()).toEqual(paths.toSorted());
  expect(validate(defaults), JSON.stringify(validate.errors)).toBe(true);
});

test("templates ask for no value that there is not", () => {
  const asked = new Set([...templates.matchAll(/\.Values((?:\.[A-Za-z]+)+)/g)].map(([, path = ""]) => path.slice(1)));
  expect(asked.size).toBeGreaterThan(20);
  const isKnown = (path: string) => paths.some((one) => `${one}.`.startsWith(`${path}.`));
  expect([...asked].filter((path) => !isKnown(path))).toEqual([]);
});

/** Of a form that no value has. */
const STRANGE: readonly unknown[] = [null, 1.5, ["?", { "?": 1 }], { "?": ["?"] }, "?? ??"];
/** Free text: an address that nothing but a person can judge. */
const ANY_TEXT = ["prometheusRule.runbooks"];

describe.each(CHART_VALUES.map((value) => [value.path, value] as const))("%s", (path, { meaning, fallback }) => {
  test("is used, and told in values.yaml and docs/chart.md", () => {
    expect(templates).toMatch(new RegExp(`\\.Values\\.${path.replaceAll(".", "\\.")}\\b`));
    expect(meaning).toMatch(/\.$/);
    expect(read("values.yaml")).toContain(`# ${meaning}`);
    expect(readFileSync(join(root, "docs/chart.md"), "utf8")).toContain(
      `| \`${path}\` | \`${JSON.stringify(fallback)}\` | ${meaning} |`,
    );
  });

  test("is refused in any other form", () => {
    for (const value of STRANGE) {
      if (typeof value === "string" && ANY_TEXT.includes(path)) continue;
      expect(validate(withValue(path, value)), JSON.stringify(value)).toBe(false);
    }
    const parent = path.split(".").slice(0, -1);
    expect(validate(withValue([...parent, "notThere"].join("."), true))).toBe(false);
  });
});

test.each([
  ["webhook.resources", { limit: { memory: "1Gi" } }],
  ["reconciler.resources", { limits: { memory: "lots" } }],
  ["webhook.resources", { requests: { cpu: "-1" } }],
  ["tolerations", [{ efect: "NoSchedule" }]],
  ["tolerations", [{ key: "a", effect: "Never" }]],
  ["nodeSelector", { zone: 1 }],
])("%s refuses %j", (path, value) => {
  expect(validate(withValue(path, value))).toBe(false);
});

test.each([
  ["webhook.resources", { limits: { cpu: 1, memory: "1.5Gi", "example.com/gpu": "1" }, requests: { cpu: "1e-1" } }],
  ["tolerations", [{ key: "a", operator: "Equal", value: "b", effect: "NoExecute", tolerationSeconds: 60 }]],
])("%s takes %j", (path, value) => {
  expect(validate(withValue(path, value)), JSON.stringify(validate.errors)).toBe(true);
});
