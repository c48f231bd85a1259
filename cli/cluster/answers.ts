/** What the client library gives back, as plain JSON. */
import { listAt, textAt } from "../../shared/json/value.ts";

/** Its models hold times as objects; everything of ours reads texts. */
export function plainJson(value: unknown): unknown {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

export function itemsOf(page: unknown): readonly unknown[] {
  return listAt(page, "items");
}

/** Token of the next page of a list. */
export function nextPage(page: unknown): string | undefined {
  return textAt(page, "metadata", "continue") || textAt(page, "metadata", "_continue") || undefined;
}
