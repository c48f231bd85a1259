/** Which namespaces may use a Repository. */
import type { UsagePolicy } from "./api/repository.ts";
import { matchesLabels } from "./label-selector.ts";

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
  const isSame = namespace === repositoryNamespace;
  if (usagePolicy === undefined) return isSame;
  const { from, selector } = usagePolicy.allowedNamespaces ?? {};
  switch (from) {
    case "All":
      return true;
    case "Same":
      return isSame;
    case "Selector":
      return (
        selector !== undefined && matchesLabels(selector, { ...namespaceLabels, [NAMESPACE_NAME_LABEL]: namespace })
      );
    default:
      return false;
  }
}
