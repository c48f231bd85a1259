/** Where a list goes on: the last snapshot of the page before. Pure. */
import { isJsonObject, parseJson } from "../../shared/json/value.ts";
import { Refusal } from "./status.ts";

export interface Cursor {
  readonly namespace: string;
  readonly repository: string;
  /** Of the snapshot, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly id: string;
}

/** Names, a time and an id. */
const MAX_LENGTH = 1_024;

export function formatCursor({ namespace, repository, timeMs, id }: Cursor): string {
  return Buffer.from(JSON.stringify({ namespace, repository, timeMs, id })).toString("base64url");
}

/** @returns undefined for a list from its beginning. @throws Refusal BadRequest */
export function parseCursor(text: string): Cursor | undefined {
  if (text === "") return undefined;
  const value = text.length > MAX_LENGTH ? undefined : parseJson(Buffer.from(text, "base64url").toString("utf8"));
  const { namespace, repository, timeMs, id } = isJsonObject(value) ? value : {};
  if (
    typeof namespace !== "string" ||
    typeof repository !== "string" ||
    typeof timeMs !== "number" ||
    typeof id !== "string"
  ) {
    throw new Refusal("BadRequest", "continue is no text of ours: begin the list anew");
  }
  return { namespace, repository, timeMs, id };
}

/** As the API server sorts objects of all namespaces. */
export function compareRepositories(a: Pick<Cursor, "namespace" | "repository">, b: typeof a): number {
  const [left, right] = [`${a.namespace}/${a.repository}`, `${b.namespace}/${b.repository}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether the snapshot stands before the place, or is it. */
export function isBefore(at: Cursor, cursor: Cursor): boolean {
  const order = compareRepositories(at, cursor) || at.timeMs - cursor.timeMs || (at.id < cursor.id ? -1 : 1);
  return order < 0 || at.id === cursor.id;
}
