import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { generateFiles } from "../../../scripts/generated-files.ts";
import { composeObjects, readObjects } from "../../../scripts/manifests/compose.ts";
import { textAt } from "../../../shared/kube/json-value.ts";

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
  expect(() => composeObjects(join(manifests, "overlays/single-node"))).toThrow(/patchesJson6902/);
});

test("folders of the base are named in a way that kubectl 1.20 knows", () => {
  const base: unknown = parse(readFileSync(join(manifests, "base/kustomization.yaml"), "utf8"));
  expect(base).toMatchObject({ bases: ["../crds"] });
});
