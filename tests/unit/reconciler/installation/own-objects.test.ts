import { join } from "node:path";
import { expect, test } from "vitest";
import { buildBudgets, buildCatalogue } from "../../../../reconciler/installation/own-objects.ts";
import { composeObjects, readObjects } from "../../../../scripts/manifests/compose.ts";
import { textAt, valueAt } from "../../../../shared/json/value.ts";
import { DISRUPTION_BUDGETS } from "../../../../shared/kube/resources.ts";

const manifests = join(import.meta.dirname, "../../../../manifests");

test("every Function and Task of the catalogue's manifests is brought", () => {
  expect(buildCatalogue().map(({ body }) => body)).toEqual(composeObjects(join(manifests, "catalog")));
  expect(buildCatalogue().length).toBeGreaterThan(0);
});

test.each(DISRUPTION_BUDGETS)("there is one budget for each Deployment in policy/$version", (resource) => {
  const selectors = readObjects(join(manifests, "install.yaml"))
    .filter((object) => textAt(object, "kind") === "Deployment")
    .map((deployment) => valueAt(deployment, "spec", "selector"));
  const budgets = buildBudgets("stash-batch", resource);
  expect(budgets.map(({ body }) => valueAt(body, "spec", "selector"))).toEqual(selectors);
  for (const { body } of budgets) {
    expect(textAt(body, "apiVersion")).toBe(`policy/${resource.version}`);
    expect(valueAt(body, "spec", "maxUnavailable")).toBe(1);
  }
});
