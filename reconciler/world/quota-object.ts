/** A ResourceQuota as the informer keeps it: what it counts, and how much of it is left. */
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";

type Amounts = Readonly<Record<string, string>>;

export interface QuotaFact {
  readonly namespace: string;
  readonly name: string;
  /** As it is in force; the names are those of the quota, such as `requests.cpu`. */
  readonly hard: Amounts;
  readonly used: Amounts;
  /** It counts only some of the namespace's pods. */
  readonly isScoped: boolean;
}

export function readQuota(raw: unknown): QuotaFact {
  return {
    namespace: textAt(raw, "metadata", "namespace") ?? "",
    name: textAt(raw, "metadata", "name") ?? "",
    hard: amountsAt(raw, "status", "hard"),
    used: amountsAt(raw, "status", "used"),
    isScoped: listAt(raw, "spec", "scopes").length > 0 || valueAt(raw, "spec", "scopeSelector") !== undefined,
  };
}

function amountsAt(raw: unknown, ...path: readonly string[]): Amounts {
  const found = valueAt(raw, ...path);
  if (!isJsonObject(found)) return {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
