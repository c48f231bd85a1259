import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { UNNAMED_IMAGE } from "../../../scripts/manifests/installation.ts";

const manifests = join(import.meta.dirname, "../../../manifests");

function resourcesOf(folder: string): readonly string[] {
  const value: unknown = parse(readFileSync(join(manifests, folder, "kustomization.yaml"), "utf8"));
  const resources: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "resources") : undefined;
  return Array.isArray(resources) ? resources.map(String) : [];
}

test.each(["base", "crds", "catalog"])("every file of %s is part of what is installed", (folder) => {
  const files = readdirSync(join(manifests, folder)).filter(
    (file) => file.endsWith(".yaml") && file !== "kustomization.yaml",
  );
  expect(files.length).toBeGreaterThan(0);
  expect(
    resourcesOf(folder)
      .filter((resource) => resource.endsWith(".yaml"))
      .sort(),
  ).toEqual(files.sort());
});

test("the image is named in the two Deployments alone, and alike: `images` of a kustomization changes it everywhere", () => {
  const name = UNNAMED_IMAGE.split(":")[0] ?? "";
  const files = readdirSync(join(manifests, "base")).filter((file) => file.endsWith(".yaml"));
  const lines = files.flatMap((file) => {
    const text = readFileSync(join(manifests, "base", file), "utf8");
    return text
      .split("\n")
      .filter((line) => line.includes(name))
      .map((line) => `${file}: ${line.trim()}`);
  });
  expect(lines).toEqual([
    `deployment-reconciler.yaml: image: ${UNNAMED_IMAGE}`,
    `deployment-webhook.yaml: image: ${UNNAMED_IMAGE}`,
  ]);
});
