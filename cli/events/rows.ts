/** Events of our kinds, as rows. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import { numberAt, textAt } from "../../shared/json/value.ts";

export interface EventRow {
  readonly raw: unknown;
  readonly namespace: string;
  readonly time: string;
  readonly type: string;
  readonly reason: string;
  readonly object: string;
  readonly count: number;
  readonly message: string;
}

export interface EventChoice {
  /** `NAME` or `KIND/NAME`; all when undefined. */
  readonly word: string | undefined;
  readonly isWarningWanted: boolean;
}

const GROUPS: ReadonlySet<string> = new Set(Object.values(KINDS).map(({ group }) => group));

/** Oldest first. */
export function eventRows(events: readonly unknown[], { word, isWarningWanted }: EventChoice): readonly EventRow[] {
  return events
    .filter((event) => GROUPS.has((textAt(event, "involvedObject", "apiVersion") ?? "").split("/")[0] ?? ""))
    .filter((event) => word === undefined || isOf(event, word))
    .map(readRow)
    .filter(({ type }) => !isWarningWanted || type === "Warning")
    .sort((a, b) => a.time.localeCompare(b.time));
}

function isOf(event: unknown, word: string): boolean {
  const name = textAt(event, "involvedObject", "name");
  const kind = textAt(event, "involvedObject", "kind")?.toLowerCase() ?? "";
  const slash = word.indexOf("/");
  if (slash < 0) return name === word;
  const wanted = word.slice(0, slash).toLowerCase().split(".")[0] ?? "";
  const isKind = kind === wanted || `${kind}s` === wanted || kind.endsWith(wanted);
  return name === word.slice(slash + 1) && isKind;
}

function readRow(event: unknown): EventRow {
  const time =
    textAt(event, "lastTimestamp") ??
    textAt(event, "series", "lastObservedTime") ??
    textAt(event, "eventTime") ??
    textAt(event, "metadata", "creationTimestamp") ??
    "";
  return {
    raw: event,
    namespace: textAt(event, "metadata", "namespace") ?? "",
    time,
    type: textAt(event, "type") ?? "",
    reason: textAt(event, "reason") ?? "",
    object: `${textAt(event, "involvedObject", "kind") ?? ""}/${textAt(event, "involvedObject", "name") ?? ""}`,
    count: numberAt(event, "count") ?? numberAt(event, "series", "count") ?? 1,
    message: textAt(event, "message") ?? "",
  };
}
