/** How long a report may be, and what of it counts when the API server refuses it. Pure. */
import { isJsonObject } from "../../shared/json/value.ts";

/** Fields of the status. Undefined and empty texts remove the field. */
export type StatusFields = Readonly<Record<string, unknown>>;

/** Of 1,000 that a host run may have, each of 65,536 characters: more than anybody reads, and far below what etcd takes. */
const MAX_WARNINGS = 200;
const WARNING_TEXT = 1_000;

function cutText(value: unknown, length: number): unknown {
  return typeof value === "string" && value.length > length ? `${value.slice(0, length - 1)}…` : value;
}

/** The fields with warnings that are neither too many nor too long; how many more there are is the last of them. */
export function withBoundWarnings(fields: StatusFields): StatusFields {
  const { warnings } = fields;
  if (!Array.isArray(warnings)) return fields;
  const short = warnings.map((line: unknown) => cutText(line, WARNING_TEXT));
  if (short.length <= MAX_WARNINGS) return { ...fields, warnings: short };
  const kept = short.slice(0, MAX_WARNINGS - 1);
  return { ...fields, warnings: [...kept, `${short.length - kept.length} more warnings`] };
}

/** What phases and recovery points follow from. */
const ESSENTIAL = [
  ...["phase", "starts", "reason", "error", "startedAt", "finishedAt", "duration", "conditions", "unreadableFiles"],
  ...["snapshots", "restored", "verified", "results", "pointSearch"],
];
/** Of a snapshot: which it is, and what it lacks. */
const OF_SNAPSHOT = ["name", "id", "path", "time", "unreadableFiles", "sizeBytes", "files"];
const ESSENTIAL_TEXT = 1_000;
const MAX_SNAPSHOTS = 1_000;

function shortSnapshot(snapshot: unknown): unknown {
  if (!isJsonObject(snapshot)) return snapshot;
  const kept = Object.entries(snapshot).filter(([name]) => OF_SNAPSHOT.includes(name));
  // A path is a name: a part of it would be another.
  return Object.fromEntries(kept);
}

function shortValue(name: string, value: unknown): unknown {
  const isList = (name === "snapshots" || name === "restored") && Array.isArray(value);
  return isList ? value.slice(0, MAX_SNAPSHOTS).map(shortSnapshot) : cutText(value, ESSENTIAL_TEXT);
}

/** The report as short as it may be, with all that these need. */
export function essentialOf(fields: StatusFields, refusal: string): StatusFields {
  const kept = Object.entries(fields).filter(([name]) => ESSENTIAL.includes(name));
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, shortValue(name, value)])),
    warnings: [`the API server refused the full report: ${refusal.slice(0, 500)}`],
  };
}
