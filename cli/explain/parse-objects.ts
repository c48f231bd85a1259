/** Objects in a text of YAML documents. */
import { parseAllDocuments } from "yaml";
import { UserError } from "../../shared/errors.ts";
import { valueAt } from "../../shared/json/value.ts";

/** @param source for the error, such as the file's name @throws UserError INVALID_OBJECT */
export function parseObjects(text: string, source: string): readonly unknown[] {
  return parseAllDocuments(text).flatMap((document): readonly unknown[] => {
    if (document.errors[0] !== undefined) {
      throw new UserError("INVALID_OBJECT", `${source}: ${document.errors[0].message}`);
    }
    const value: unknown = document.toJS();
    const items = valueAt(value, "items");
    return value === null ? [] : Array.isArray(items) ? items : [value];
  });
}
