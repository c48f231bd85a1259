/** Whether an object of the API server says what we want it to say, whatever else it says. Pure. */
import { canonicalJson } from "../../shared/hash.ts";
import { isJsonObject } from "../../shared/json/value.ts";

/** Every field of the wanted object has the same value in the present one, which may have more. */
export function isAsWanted(present: unknown, wanted: unknown): boolean {
  if (!isJsonObject(wanted)) return canonicalJson(present) === canonicalJson(wanted);
  return isJsonObject(present) && Object.entries(wanted).every(([key, value]) => isAsWanted(present[key], value));
}
