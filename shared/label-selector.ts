/** Kubernetes label selectors over a map of labels. */
import type { LabelSelector } from "./api/kubernetes/label-selector.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Whether labels match. An empty selector matches everything; an operator that is unknown or a `In`/`NotIn` without values
 * makes the selector unusable, which matches nothing.
 */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {});
  if (!wanted.every(([key, value]) => labels[key] === value)) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return values.length > 0 && (value === undefined || !values.includes(value));
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return false;
    }
  });
}
