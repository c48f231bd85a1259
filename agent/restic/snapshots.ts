/** restic's list of snapshots. */
import { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";

/** A restic snapshot. */
export interface Snapshot {
  /** Full id. */
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  /** Id that it had before restic changed its tags. */
  readonly original?: string;
  /** Of the data that was read; restic 0.17 and later write it down. */
  readonly sizeBytes?: number;
  /** Ids of the small snapshots that say what is known of it; they go with it. */
  readonly verdicts?: readonly string[];
  /** Hash of its tree: of all names, attributes and contents in it. */
  readonly tree?: string;
  /** User that saved it, with uid and group. */
  readonly username?: string;
  readonly uid?: number;
  readonly gid?: number;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A snapshot object of `snapshots` or `forget`, or undefined when it is none. */
export function parseSnapshot(value: unknown): Snapshot | undefined {
  if (!isJsonObject(value)) return undefined;
  const { id, time, hostname, original, summary, tree, username, uid, gid } = value;
  const sizeBytes = isJsonObject(summary) ? summary["total_bytes_processed"] : undefined;
  if (typeof id !== "string" || typeof time !== "string") return undefined;
  return {
    id,
    time,
    hostname: typeof hostname === "string" ? hostname : "",
    paths: texts(value["paths"]),
    tags: texts(value["tags"]),
    ...(typeof original === "string" && { original }),
    ...(typeof sizeBytes === "number" && { sizeBytes }),
    ...(typeof tree === "string" && { tree }),
    ...(typeof username === "string" && { username }),
    ...(typeof uid === "number" && { uid }),
    ...(typeof gid === "number" && { gid }),
  };
}

/**
 * Reads one item of the output of `restic snapshots --json`.
 *
 * @throws UserError RESTIC_FAILED when it is no snapshot
 */
export function readSnapshot(text: string): Snapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UserError("RESTIC_FAILED", "a snapshot in restic's list is no JSON", { cause });
  }
  const snapshot = parseSnapshot(value);
  if (snapshot === undefined) throw new UserError("RESTIC_FAILED", "a snapshot in restic's list has no id or time");
  return snapshot;
}

/** What restic says of a snapshot that it leaves out of its list since it can't read it. */
export function isUnreadSnapshot(line: string): boolean {
  return /^(could not load snapshot |Ignoring "[0-9a-f]{64}": )/.test(line);
}

/** Newest first. restic's times have nine decimals and a zone, so they are compared as instants, then as text. */
export function byNewest(a: Snapshot, b: Snapshot): number {
  const difference = Date.parse(b.time) - Date.parse(a.time);
  return difference !== 0 ? difference : a.time < b.time ? 1 : a.time > b.time ? -1 : 0;
}
