import { expect, test } from "vitest";
import type { UsagePolicy } from "../../../shared/api/repository.ts";
import { matchesLabels } from "../../../shared/label-selector.ts";
import { mayUseRepository } from "../../../shared/usage-policy.ts";

const labelled = { team: "a" };

test.each<[boolean, string, UsagePolicy | undefined]>([
  [true, "store", undefined],
  [false, "demo", undefined],
  [false, "store", {}],
  [false, "store", { allowedNamespaces: {} }],
  [true, "demo", { allowedNamespaces: { from: "All" } }],
  [true, "store", { allowedNamespaces: { from: "Same" } }],
  [false, "demo", { allowedNamespaces: { from: "Same" } }],
  [true, "demo", { allowedNamespaces: { from: "Selector", selector: { matchLabels: labelled } } }],
  [false, "demo", { allowedNamespaces: { from: "Selector", selector: { matchLabels: { team: "b" } } } }],
  [false, "demo", { allowedNamespaces: { from: "Selector" } }],
])("answers %s to namespace %s with %j", (answer, namespace, usagePolicy) => {
  expect(mayUseRepository({ usagePolicy, repositoryNamespace: "store", namespace, namespaceLabels: labelled })).toBe(
    answer,
  );
});

test.each([
  [true, {}],
  [true, { matchExpressions: [{ key: "team", operator: "In", values: ["a", "b"] }] }],
  [false, { matchExpressions: [{ key: "team", operator: "NotIn", values: ["a"] }] }],
  [true, { matchExpressions: [{ key: "zone", operator: "NotIn", values: ["a"] }] }],
  [true, { matchExpressions: [{ key: "team", operator: "Exists" }] }],
  [false, { matchExpressions: [{ key: "team", operator: "DoesNotExist" }] }],
  [false, { matchExpressions: [{ key: "team", operator: "Like", values: ["a"] }] }],
  [false, { matchExpressions: [{ key: "team", operator: "In" }] }],
])("a selector answers %s for %j", (answer, selector) => {
  expect(matchesLabels(selector, labelled)).toBe(answer);
});
