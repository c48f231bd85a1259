/** Prints what happened to our objects. */
import { textAt } from "../../shared/json/value.ts";
import { openCluster } from "../cluster/open.ts";
import { EVENTS } from "../cluster/resources.ts";
import { listOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";
import { type EventRow, eventRows } from "./rows.ts";

export async function runEvents(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const events = await cluster.list(EVENTS, cluster.scope);
  const rows = eventRows(events, { word: input.words[0], isWarningWanted: input.flags.has("warnings") });
  printListing(input, {
    rows,
    columns: [...namespaceColumn<EventRow>(cluster, ({ namespace }) => namespace), ...columns(Date.now())],
    data: listOf(rows.map(({ raw }) => raw)),
    nameOf: ({ raw }) => `event/${textAt(raw, "metadata", "name") ?? ""}`,
    nothing: nothingIn("events", cluster),
  });
  return ExitCode.Good;
}

function columns(nowMs: number): readonly Column<EventRow>[] {
  return [
    { heading: "LAST SEEN", cell: ({ time }) => formatSince(time, nowMs) },
    { heading: "TYPE", cell: ({ type }) => type },
    { heading: "REASON", cell: ({ reason }) => reason },
    { heading: "OBJECT", cell: ({ object }) => object },
    { heading: "COUNT", cell: ({ count }) => String(count), isWide: true },
    { heading: "MESSAGE", cell: ({ message }) => message, mayShrink: true },
  ];
}
