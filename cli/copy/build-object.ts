/** What of an object makes sense in another namespace. Pure. */
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";

/** What kubectl keeps about itself, and what would make somebody else own the copy. */
const FOREIGN_KEYS =
  /^(kubectl\.kubernetes\.io\/|argocd\.argoproj\.io\/|kustomize\.toolkit\.fluxcd\.io\/|helm\.toolkit\.fluxcd\.io\/|meta\.helm\.sh\/)/;

/**
 * @param raw as the API server sent it
 * @param fields besides apiVersion, kind and metadata, which are taken over
 */
export function buildCopy(
  raw: unknown,
  kind: { readonly apiVersion: string; readonly kind: string },
  namespace: string,
  fields: readonly string[],
): Readonly<Record<string, unknown>> & { readonly metadata: { readonly name: string; readonly namespace: string } } {
  const labels = keptTexts(valueAt(raw, "metadata", "labels"));
  const annotations = keptTexts(valueAt(raw, "metadata", "annotations"));
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      name: textAt(raw, "metadata", "name") ?? "",
      namespace,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    ...Object.fromEntries(
      fields.flatMap((field) => {
        const value = valueAt(raw, field);
        return value === undefined ? [] : [[field, value] as const];
      }),
    ),
  };
}

function keptTexts(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  const texts = Object.entries(value).map(([key, text]) => [key, String(text)] as const);
  return withoutOwnKeys(Object.fromEntries(texts.filter(([key]) => !FOREIGN_KEYS.test(key)))) ?? {};
}
