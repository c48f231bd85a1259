import { globSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { CHART_FOLDER, generateFiles } from "../../../scripts/generated-files.ts";
import { composeObjects, readObjects } from "../../../scripts/manifests/compose.ts";
import { textAt } from "../../../shared/json/value.ts";

const root = resolve(import.meta.dirname, "../../..");
const manifests = join(root, "manifests");

function nameOf(object: unknown): string {
  return `${textAt(object, "kind")} ${textAt(object, "metadata", "name")}`;
}

test.each(generateFiles().map(({ path, text }) => [path, text] as const))(
  "%s is what its sources say",
  (path, text) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  },
);

test("the chart's folder holds nothing that is not generated", () => {
  const files = readdirSync(join(root, CHART_FOLDER), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const generated = generateFiles().map(({ path }) => path);
  expect(files.filter((path) => !generated.includes(path))).toEqual([]);
  expect(files.length).toBeGreaterThan(25);
});

test("install.yaml holds every object of the base once, and nothing else", () => {
  const installed = readObjects(join(manifests, "install.yaml")).map(nameOf);
  const composed = composeObjects(join(manifests, "base")).map(nameOf);
  expect(new Set(installed).size).toBe(installed.length);
  expect(installed.toSorted()).toEqual(composed.toSorted());
});

test("install.yaml begins with the namespace and ends with what sends requests to the pods", () => {
  const kinds = readObjects(join(manifests, "install.yaml")).map((object) => textAt(object, "kind"));
  expect(kinds[0]).toBe("Namespace");
  expect(kinds.slice(-2)).toEqual(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]);
  expect(kinds.lastIndexOf("CustomResourceDefinition")).toBeLessThan(kinds.indexOf("Deployment"));
});

test("a kustomization that does more than list is refused, since only kustomize knows what it makes", () => {
  expect(() => composeObjects(join(manifests, "overlays/single-node"))).toThrow(/patches/);
});

test("no kustomization uses a field that kustomize calls deprecated", () => {
  const files = globSync("manifests/**/kustomization.yaml", { cwd: root });
  expect(files.length).toBeGreaterThan(7);
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    expect(text, file).not.toMatch(/^(bases|patchesStrategicMerge|patchesJson6902|commonLabels|vars|imageTags):/m);
  }
});
