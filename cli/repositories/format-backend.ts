/** Where a Repository lies, for people. Pure. */
import type { Repository } from "../../shared/api/repository.ts";

/** The kind of backend and its bucket or path; never what the Secret holds. */
export function formatBackend({ spec }: Repository): string {
  const { storageSecretName: _secret, ...backends } = spec.backend ?? {};
  const found = Object.entries(backends).find(([, value]) => typeof value === "object" && value !== null);
  if (found === undefined) return "-";
  const [kind, settings] = found;
  const facts = Object.entries(settings).filter(([key]) =>
    ["bucket", "container", "mountPath", "url", "prefix"].includes(key),
  );
  return [kind, ...facts.map(([, value]) => withoutLogin(String(value)))].join(" ");
}

/** Addresses of REST servers may hold a password. */
function withoutLogin(text: string): string {
  return text.replace(/\/\/[^/@]*@/, "//…@");
}
