import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

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

test("the image that the webhook injects is the image that it runs from", () => {
  const settings: unknown = parse(readFileSync(join(manifests, "base/settings.yaml"), "utf8"));
  const images = ["deployment-webhook.yaml", "deployment-reconciler.yaml"].flatMap((file) =>
    parseAllDocuments(readFileSync(join(manifests, "base", file), "utf8")).flatMap((document) => {
      const containers: unknown = document.toJS()?.spec?.template?.spec?.containers;
      return Array.isArray(containers) ? containers.map((container: { image: string }) => container.image) : [];
    }),
  );
  expect(images).toHaveLength(2);
  expect(new Set(images)).toEqual(new Set([Reflect.get(Reflect.get(Object(settings), "data"), "image")]));
});
