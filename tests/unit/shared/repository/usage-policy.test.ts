import { expect, test } from "vitest";
import type { UsagePolicy } from "../../../../shared/api/repository.ts";
import { matchesLabels } from "../../../../shared/label-selector.ts";
import { mayUseRepository } from "../../../../shared/repository/usage-policy.ts";

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

test("a namespace is known by its name, also where API servers don't label it, and whatever the label says", () => {
  const byName = (name: string): UsagePolicy => {
    const selector = { matchLabels: { "kubernetes.io/metadata.name": name } };
    return { allowedNamespaces: { from: "Selector", selector } };
  };
  const ask = (usagePolicy: UsagePolicy, namespaceLabels: Readonly<Record<string, string>>) =>
    mayUseRepository({ usagePolicy, repositoryNamespace: "store", namespace: "demo", namespaceLabels });
  expect(ask(byName("demo"), {})).toBe(true);
  expect(ask(byName("other"), { "kubernetes.io/metadata.name": "other" })).toBe(false);
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
