/** Which namespaces may use a Repository. */
import type { AllowedNamespaces, UsagePolicy } from "../api/repository.ts";
import { matchesLabels } from "../label-selector.ts";

/** Label that API servers from 1.21 on keep on every namespace: its own name. It counts on older ones too. */
export const NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name";

export interface UsageRequest {
  readonly usagePolicy: UsagePolicy | undefined;
  readonly repositoryNamespace: string;
  /** Namespace of the invoker. */
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/**
 * | # | policy | answer |
 * |---|---|---|
 * | 1 | none | the Repository's own namespace only |
 * | 2 | `from` absent | no |
 * | 3 | `All` | yes |
 * | 4 | `Same` | the Repository's own namespace only |
 * | 5 | `Selector` | the selector matches the namespace's labels; no selector matches nothing |
 */
export function mayUseRepository(request: UsageRequest): boolean {
  const { usagePolicy, repositoryNamespace, namespace, namespaceLabels } = request;
  if (usagePolicy === undefined) return namespace === repositoryNamespace;
  return isAllowed(usagePolicy.allowedNamespaces ?? {}, { home: repositoryNamespace, namespace, namespaceLabels });
}

/**
 * Which namespaces may name a BackupBlueprint; as mayUseRepository, with the namespace of the Repositories that it makes as their own. One
 * that keeps them beside the targets is so open to all, and one that keeps them in a namespace of its own to that one alone.
 */
export function mayUseBlueprint(request: {
  readonly allowedNamespaces: AllowedNamespaces | undefined;
  readonly repositoryNamespace: string;
  /** Of the target. */
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}): boolean {
  const { allowedNamespaces, repositoryNamespace, namespace, namespaceLabels } = request;
  if (allowedNamespaces === undefined) return namespace === repositoryNamespace;
  return isAllowed(allowedNamespaces, { home: repositoryNamespace, namespace, namespaceLabels });
}

function isAllowed(
  { from, selector }: Partial<AllowedNamespaces>,
  at: {
    readonly home: string;
    readonly namespace: string;
    readonly namespaceLabels: Readonly<Record<string, string>>;
  },
): boolean {
  switch (from) {
    case "All":
      return true;
    case "Same":
      return at.namespace === at.home;
    case "Selector":
      return (
        selector !== undefined &&
        matchesLabels(selector, { ...at.namespaceLabels, [NAMESPACE_NAME_LABEL]: at.namespace })
      );
    default:
      return false;
  }
}
