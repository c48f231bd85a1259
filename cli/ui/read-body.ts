/** What pages ask with, read at the edge. */
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";

/** @throws UserError INVALID_OBJECT when the text is missing or empty */
export function requireText(body: unknown, field: string): string {
  const text = textAt(body, field);
  if (text === undefined || text === "") {
    throw new UserError("INVALID_OBJECT", `${field} is missing`, { next: "load the page again" });
  }
  return text;
}
