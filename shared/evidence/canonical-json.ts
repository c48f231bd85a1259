/** One text for one value: what is signed must not depend on the order in which somebody wrote it. Pure. */
import { UserError } from "../errors.ts";
import { isJsonObject } from "../json/value.ts";

/**
 * JSON without spaces, with the fields of each object in the order of their code units. Fields without a value are left out.
 *
 * @throws UserError INVALID_OBJECT when something in it has no JSON
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (isJsonObject(value)) {
    const fields = Object.entries(value)
      .filter(([, own]) => own !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, own]) => `${JSON.stringify(name)}:${canonicalJson(own)}`);
    return `{${fields.join(",")}}`;
  }
  const isPlain = value === null || typeof value === "string" || typeof value === "boolean";
  if (isPlain || (typeof value === "number" && Number.isFinite(value))) return JSON.stringify(value);
  throw new UserError("INVALID_OBJECT", `${typeof value} ${String(value)} can't be told in JSON`);
}
