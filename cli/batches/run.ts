/** Lists what is backed up. */
import { KINDS } from "../../shared/api/kinds.ts";
import { openCluster } from "../cluster/open.ts";
import { type BackupInvokerObject, readInvokers } from "../objects/invokers.ts";
import { chosenEntries, endOf, listOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import { kubectlName } from "../objects/read.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { formatSince, formatUntil } from "../terminal/times.ts";

export async function runBatches(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const read = await readInvokers(cluster);
  const entries = chosenEntries(read.entries, input.words, "BackupBatch or BackupConfiguration", cluster);
  printListing(input, {
    rows: entries.map(({ object }) => object),
    columns: [
      ...namespaceColumn<BackupInvokerObject>(cluster, (one) => one.metadata.namespace),
      ...columns(Date.now()),
    ],
    data: listOf(entries.map(({ raw }) => raw)),
    nameOf: ({ kind, metadata }) => kubectlName(KINDS[kind], metadata.name),
    nothing: nothingIn("batches", cluster),
  });
  return endOf(input, read);
}

function columns(nowMs: number): readonly Column<BackupInvokerObject>[] {
  return [
    { heading: "NAME", cell: ({ metadata }) => metadata.name },
    { heading: "KIND", cell: ({ kind }) => kind, isWide: true },
    { heading: "SCHEDULE", cell: ({ spec }) => spec.schedule || "-" },
    { heading: "ZONE", cell: ({ spec }) => spec.timeZone || "UTC", isWide: true },
    { heading: "PAUSED", cell: ({ spec }) => (spec.paused === true ? "yes" : "no") },
    { heading: "PHASE", cell: ({ status }) => status?.phase ?? "-" },
    { heading: "LAST POINT", cell: ({ status }) => formatSince(status?.lastRecoveryPoint?.time, nowMs) },
    { heading: "NEXT RUN", cell: ({ spec, status }) => formatNext(spec.paused, status?.nextRuns, nowMs) },
    { heading: "AGE", cell: ({ metadata }) => formatSince(metadata.creationTimestamp, nowMs) },
    { heading: "REPOSITORY", cell: ({ spec }) => formatRepository(spec.repository), isWide: true },
    { heading: "MEMBERS", cell: formatMembers, isWide: true, mayShrink: true },
  ];
}

/** A paused schedule has no next run, whatever the status still says. */
function formatNext(isPaused: boolean | undefined, nextRuns: readonly string[] | undefined, nowMs: number): string {
  return isPaused === true ? "-" : formatUntil(nextRuns?.[0], nowMs);
}

function formatRepository(repository: BackupInvokerObject["spec"]["repository"]): string {
  if (repository === undefined) return "-";
  return repository.namespace ? `${repository.namespace}/${repository.name}` : repository.name;
}

function formatMembers(invoker: BackupInvokerObject): string {
  const members = invoker.kind === "BackupBatch" ? (invoker.spec.members ?? []) : [invoker.spec];
  return members.map(({ target }) => target?.alias ?? target?.ref?.name ?? "?").join(", ") || "-";
}
