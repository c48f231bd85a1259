/** Lists what applications can be taken back to. */
import { formatSize } from "../../shared/size.ts";
import { openCluster } from "../cluster/open.ts";
import { findInvoker } from "../objects/invokers.ts";
import { endOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";
import { isPointOf, type Point } from "./decide.ts";
import { gatherPoints } from "./gather.ts";

export async function runPoints(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const [word] = input.words;
  const invoker = word === undefined ? undefined : (await findInvoker(cluster, word)).object;
  const read = await gatherPoints(cluster, invoker === undefined ? cluster.scope : cluster.namespace);
  const points = read.points.filter((point) => invoker === undefined || isPointOf(point, invoker));
  printListing(input, {
    rows: points,
    columns: [...namespaceColumn<Point>(cluster, ({ namespace }) => namespace), ...columns(Date.now())],
    data: { points },
    nameOf: ({ session }) => session,
    nothing: nothingIn("recovery points", cluster),
  });
  return endOf(input, read);
}

function columns(nowMs: number): readonly Column<Point>[] {
  return [
    { heading: "POINT", cell: ({ session }) => session },
    { heading: "BATCH", cell: ({ invoker }) => invoker ?? "-" },
    { heading: "TIME", cell: ({ time }) => time.replace(/\.\d+/, "") },
    { heading: "AGE", cell: ({ time }) => formatSince(time, nowMs) },
    { heading: "COMPLETE", cell: formatComplete },
    { heading: "SIZE", cell: formatTotal },
    { heading: "REPOSITORY", cell: ({ repository }) => repository ?? "-", isWide: true },
    { heading: "KEPT BY", cell: ({ keptBy }) => keptBy?.join(", ") ?? "-", isWide: true },
    { heading: "CLUSTER", cell: ({ cluster }) => cluster ?? "this one", isWide: true },
    { heading: "TOLD BY", cell: ({ source }) => source, isWide: true },
    { heading: "MEMBERS", cell: formatPointMembers, mayShrink: true },
  ];
}

function formatComplete({ isComplete, unreadableFiles = 0 }: Point): string {
  const word = isComplete ? "yes" : "no";
  return unreadableFiles === 0 ? word : `${word}, ${unreadableFiles} files unread`;
}

function formatTotal({ members }: Point): string {
  const bytes = (members ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return bytes === 0 ? "-" : formatSize(bytes);
}

function formatPointMembers({ members }: Point): string {
  return members?.map(({ name, isSaved }) => (isSaved ? name : `${name} (not saved)`)).join(", ") ?? "-";
}
