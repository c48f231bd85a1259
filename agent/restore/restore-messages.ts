/** What restic says while it restores, in any version from 0.14 on. Pure. */
import { isJsonObject } from "../../shared/kube/json-value.ts";
import type { RestoreProgress } from "./progress.ts";

export type RestoreMessage =
  /** Versions before 0.16 give none. */
  | { readonly kind: "progress"; readonly progress: RestoreProgress }
  /** A file or folder that could not be written as it was. */
  | { readonly kind: "item-error"; readonly item: string; readonly text: string }
  | { readonly kind: "other" };

function number(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  return typeof value === "number" ? value : 0;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (isJsonObject(value) && typeof value["message"] === "string") return value["message"];
  return "unknown error";
}

/** `ignoring error for /data/file: lchown ...` of versions before 0.16; the item has no colon followed by a blank. */
const IGNORED = /^ignoring error for (.+?): (.*)$/;

function ofJson(line: string): RestoreMessage {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return { kind: "other" };
  }
  if (!isJsonObject(fields)) return { kind: "other" };
  switch (fields["message_type"]) {
    case "status":
    case "summary":
      return {
        kind: "progress",
        progress: {
          bytesDone: number(fields, "bytes_restored"),
          bytesTotal: number(fields, "total_bytes"),
          filesDone: number(fields, "files_restored"),
          filesTotal: number(fields, "total_files"),
        },
      };
    case "error":
      return { kind: "item-error", item: text(fields["item"]), text: text(fields["error"]) };
    default:
      return { kind: "other" };
  }
}

export function parseRestoreLine(line: string): RestoreMessage {
  if (line.startsWith("{")) return ofJson(line);
  const match = IGNORED.exec(line);
  if (match?.[1] === undefined) return { kind: "other" };
  return { kind: "item-error", item: match[1], text: match[2] ?? "" };
}
