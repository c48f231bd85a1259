/** The lines of a watch: one JSON object each, with a type and an object. */
import { isJsonObject, listAt, parseJson, textAt, valueAt } from "../../json/value.ts";

export const WatchEventType = {
  Added: "ADDED",
  Modified: "MODIFIED",
  Deleted: "DELETED",
  Bookmark: "BOOKMARK",
  Error: "ERROR",
} as const;
export type WatchEventType = (typeof WatchEventType)[keyof typeof WatchEventType];

export interface WatchEvent {
  readonly type: WatchEventType;
  /** The object as sent; for ERROR a Status, for BOOKMARK little more than metadata.resourceVersion. */
  readonly object: unknown;
}

const TYPES: ReadonlyMap<string, WatchEventType> = new Map(Object.values(WatchEventType).map((type) => [type, type]));

/** @returns undefined when the line is no watch event: what sent it is no API server, or the line is cut */
export function parseWatchEvent(line: string): WatchEvent | undefined {
  const value = parseJson(line);
  const type = TYPES.get(textAt(value, "type") ?? "");
  return type === undefined ? undefined : { type, object: valueAt(value, "object") };
}

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. What follows the last newline when the stream ends is dropped: it is the beginning of
 * an event whose rest the connection lost, and the event comes again after the resume.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  // Pieces of the line so far: joined once per line, for lines of megabytes arrive in thousands of chunks.
  let pieces: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE, from); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      pieces.push(chunk.subarray(from, end));
      const line = Buffer.concat(pieces).toString("utf8");
      pieces = [];
      from = end + 1;
      if (line.trim() !== "") yield line;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
  }
}

/** A page of a list. */
export interface ListPage {
  /** Objects, each with apiVersion and kind, which the API server leaves out in lists of its own kinds. */
  readonly items: readonly unknown[];
  /** Version of the whole list: where a watch goes on. */
  readonly resourceVersion: string;
  /** Text that asks for the next page; undefined at the end. */
  readonly next: string | undefined;
}

/** @returns undefined when the value is no list of the API */
export function parseListPage(value: unknown): ListPage | undefined {
  const resourceVersion = textAt(value, "metadata", "resourceVersion");
  if (resourceVersion === undefined || !Array.isArray(valueAt(value, "items") ?? [])) return undefined;
  const type = { apiVersion: textAt(value, "apiVersion"), kind: textAt(value, "kind")?.replace(/List$/, "") };
  return {
    items: listAt(value, "items").map((item) =>
      isJsonObject(item) && item["kind"] === undefined ? { ...type, ...item } : item,
    ),
    resourceVersion,
    next: textAt(value, "metadata", "continue") || undefined,
  };
}
