/** Lines of restic's JSON output, versions 0.14 to 0.19. What we don't know is left alone. */
import { isJsonObject } from "../../shared/json/value.ts";

export interface BackupProgress {
  /** Between 0 and 1. */
  readonly share: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly secondsLeft: number | undefined;
}

export interface BackupSummary {
  readonly snapshotId: string | undefined;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
  readonly bytesAdded: number;
  readonly seconds: number;
}

export type ResticMessage =
  | { readonly kind: "status"; readonly progress: BackupProgress }
  | { readonly kind: "summary"; readonly summary: BackupSummary }
  /** A file could not be read or written. */
  | { readonly kind: "error"; readonly item: string; readonly text: string }
  | { readonly kind: "exit-error"; readonly code: number; readonly text: string }
  /** Words about no file. */
  | { readonly kind: "words"; readonly text: string }
  | { readonly kind: "other" };

type Fields = Readonly<Record<string, unknown>>;

function count(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, value) : 0;
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** Names of Linux error numbers that files give; restic up to 0.16 writes the bare number. */
const ERRNO: Readonly<Record<number, string>> = {
  1: "operation not permitted",
  2: "no such file or directory",
  5: "input/output error",
  13: "permission denied",
  28: "no space left on device",
  30: "read-only file system",
  40: "too many levels of symbolic links",
  116: "stale file handle",
  122: "disk quota exceeded",
};

/** restic writes a Go error: an object of its fields up to 0.16, `{message}` later, sometimes plain text. */
function errorText(error: unknown): string {
  if (typeof error === "string") return error;
  if (!isJsonObject(error)) return "unknown error";
  const message = text(error, "message");
  if (message !== undefined) return message;
  const number = error["Err"];
  const reason = typeof number === "number" ? (ERRNO[number] ?? `error ${number}`) : (errorText(number) ?? "");
  return [text(error, "Op"), reason].filter(Boolean).join(": ");
}

function summaryOf(fields: Fields): BackupSummary {
  return {
    // A dry run names one that is not there.
    snapshotId: fields["dry_run"] === true ? undefined : text(fields, "snapshot_id") || undefined,
    filesNew: count(fields, "files_new"),
    filesChanged: count(fields, "files_changed"),
    filesUnmodified: count(fields, "files_unmodified"),
    filesTotal: count(fields, "total_files_processed"),
    bytesTotal: count(fields, "total_bytes_processed"),
    bytesAdded: count(fields, "data_added"),
    seconds: count(fields, "total_duration"),
  };
}

function progressOf(fields: Fields): BackupProgress {
  const secondsLeft = fields["seconds_remaining"];
  return {
    share: Math.min(1, count(fields, "percent_done")),
    bytesDone: count(fields, "bytes_done"),
    bytesTotal: count(fields, "total_bytes"),
    filesDone: count(fields, "files_done"),
    filesTotal: count(fields, "total_files"),
    secondsLeft: typeof secondsLeft === "number" ? secondsLeft : undefined,
  };
}

/** From 0.17 on the words repeat the item; it stands beside them. */
function itemError(item: string, words: string): ResticMessage {
  if (item === "") return { kind: "words", text: words };
  return { kind: "error", item, text: words.replace(` ${item}:`, ":") };
}

function otherMessage(fields: Fields): ResticMessage {
  const isKnown = Object.hasOwn(MESSAGE_TYPES, text(fields, "message_type") ?? "");
  const words = isKnown ? undefined : text(fields, "message");
  return words === undefined ? { kind: "other" } : { kind: "words", text: words };
}

/** How output for programs begins: an object or a list, in one line or in several. */
const FOR_PROGRAMS = /^(\{("|$)|\[(\{|\]|$))/;
const TYPE = /^\{"message_type":"(\w+)"/;

/**
 * Every type of message that restic from 0.14 to 0.19 writes, and what becomes of it.
 * - `read`: parsed below
 * - `nothing`: of no concern, or read from the list that the command prints
 */
export const MESSAGE_TYPES: Readonly<Record<string, "read" | "nothing">> = {
  status: "read",
  summary: "read",
  error: "read",
  exit_error: "read",
  // Each file of a backup or restore, with `--verbose` among the user's arguments.
  verbose_status: "nothing",
  excluded_item: "nothing",
  initialized: "nothing",
  changed: "nothing",
  snapshot: "nothing",
  node: "nothing",
  change: "nothing",
  statistics: "nothing",
  version: "nothing",
};

/**
 * What a line says to people. Messages and lists for programs say nothing, with few exceptions: under `--json` restic from
 * 0.17 on puts its last words, why it gives up, into a message too; `check` does so with all that it finds; and a type that
 * nobody knows yet may have words that count.
 */
export function wordsForPeople(line: string): readonly string[] {
  if (!FOR_PROGRAMS.test(line)) return [line];
  if (!line.startsWith("{")) return [];
  const type = TYPE.exec(line)?.[1];
  // Most lines are progress or long lists: only what may be one that counts is read.
  const mayCount = type === undefined ? line.includes('"exit_error"') : isWordy(type);
  if (!mayCount) return [];
  const message = parseResticLine(line);
  return message?.kind === "exit-error" || message?.kind === "words" ? message.text.split("\n") : [];
}

function isWordy(type: string): boolean {
  return type === "exit_error" || type === "error" || !Object.hasOwn(MESSAGE_TYPES, type);
}

/** @returns undefined when the line is no JSON message, which means that it is meant for people */
export function parseResticLine(line: string): ResticMessage | undefined {
  if (!line.startsWith("{")) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(fields)) return undefined;
  switch (fields["message_type"]) {
    case "status":
      return { kind: "status", progress: progressOf(fields) };
    case "summary":
      return { kind: "summary", summary: summaryOf(fields) };
    case "error":
      // What looks ahead for the sizes meets the same files, and is no reader.
      if (fields["during"] === "scan") return { kind: "other" };
      // `check` has its words in the message itself.
      return itemError(text(fields, "item") ?? "", text(fields, "message") ?? errorText(fields["error"]));
    case "exit_error":
      return { kind: "exit-error", code: count(fields, "code"), text: text(fields, "message") ?? "" };
    default:
      return otherMessage(fields);
  }
}
