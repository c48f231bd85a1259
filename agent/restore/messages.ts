/** What restic says while it restores, in any version from 0.14 on. Pure. */
import { isJsonObject } from "../../shared/json/value.ts";
import type { RestoreProgress } from "./progress.ts";

export type RestoreMessage =
  /** Versions before 0.16 give none. */
  | { readonly kind: "progress"; readonly progress: RestoreProgress }
  /** A file or folder that could not be written as it was. */
  | { readonly kind: "item-error"; readonly item: string; readonly text: string }
  /** Proves that it restored: versions before 0.16 say only which snapshot they take. */
  | { readonly kind: "restored" }
  /** How many files it compared with the snapshot. */
  | { readonly kind: "compared"; readonly files: number }
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

/** `ignoring error for /data/file: lchown ...` of versions before 0.16, and of later ones without `--json`. */
const IGNORED = /^ignoring error for (.*)$/;

/**
 * A name may hold a colon and a blank too, as what parts it from the words does. Where the words name the file again, the right
 * place is known; else the first one counts.
 */
function splitIgnored(text: string): { readonly item: string; readonly text: string } | undefined {
  const places: number[] = [];
  for (let at = text.indexOf(": "); at >= 0; at = text.indexOf(": ", at + 1)) places.push(at);
  const splits = places.map((at) => ({ item: text.slice(0, at), text: text.slice(at + 2) }));
  return splits.find((split) => namesAgain(split.text, split.item)) ?? splits[0];
}

/** `open /away/data/a: b: denied` names `/data/a: b`, below the folder that it is restored to. */
function namesAgain(words: string, item: string): boolean {
  const named = /^(?:(?:Lchown|Chmod|UtimesNano): )?(?:failed to restore timestamp of "|[\w.]+ )(\/.*)$/.exec(
    words,
  )?.[1];
  if (named === undefined) return false;
  const at = named.indexOf(item);
  return at >= 0 && /^(:| |"|$)/.test(named.slice(at + item.length));
}

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

const RESTORED = /^(Summary: Restored \d+ |restoring <Snapshot [0-9a-f]+ of )/;
const COMPARED = /^finished verifying (\d+) files in /;

export function parseRestoreLine(line: string): RestoreMessage {
  if (line.startsWith("{")) return ofJson(line);
  if (RESTORED.test(line)) return { kind: "restored" };
  const compared = COMPARED.exec(line)?.[1];
  if (compared !== undefined) return { kind: "compared", files: Number(compared) };
  const split = splitIgnored(IGNORED.exec(line)?.[1] ?? "");
  return split === undefined ? { kind: "other" } : { kind: "item-error", ...split };
}
