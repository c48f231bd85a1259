/** Lists where data is saved. */
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { openCluster } from "../cluster/open.ts";
import { chosenEntries, endOf, listOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import { kubectlName, readObjects } from "../objects/read.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";
import { formatBackend } from "./format-backend.ts";

export async function runRepositories(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const read = await readObjects(cluster, KINDS.Repository, parseRepository);
  const entries = chosenEntries(read.entries, input.words, "Repository", cluster);
  printListing(input, {
    rows: entries.map(({ object }) => object),
    columns: [...namespaceColumn<Repository>(cluster, (one) => one.metadata.namespace), ...columns(Date.now())],
    data: listOf(entries.map(({ raw }) => raw)),
    nameOf: ({ metadata }) => kubectlName(KINDS.Repository, metadata.name),
    nothing: nothingIn("repositories", cluster),
  });
  return endOf(input, read);
}

/** Unknown is not the same as whole. */
const INTEGRITY: ReadonlyMap<boolean | undefined, string> = new Map([
  [true, "ok"],
  [false, "DAMAGED"],
]);

function integrityOf(status: Repository["status"]): string {
  return status?.replacement === undefined ? (INTEGRITY.get(status?.integrity) ?? "not checked") : "REPLACED";
}

function columns(nowMs: number): readonly Column<Repository>[] {
  return [
    { heading: "NAME", cell: ({ metadata }) => metadata.name },
    { heading: "INTEGRITY", cell: ({ status }) => integrityOf(status) },
    { heading: "SIZE", cell: ({ status }) => status?.totalSize ?? "-" },
    { heading: "SNAPSHOTS", cell: ({ status }) => String(status?.snapshotCount ?? "-") },
    { heading: "LAST BACKUP", cell: ({ status }) => formatSince(status?.lastBackupTime, nowMs) },
    { heading: "LAST POINT", cell: ({ status }) => formatSince(status?.lastRecoveryPoint?.time, nowMs) },
    { heading: "AGE", cell: ({ metadata }) => formatSince(metadata.creationTimestamp, nowMs) },
    { heading: "LAST CHECK", cell: ({ status }) => formatSince(status?.lastCheckTime, nowMs), isWide: true },
    { heading: "DATA READ", cell: ({ status }) => formatSince(status?.lastReadDataCheckTime, nowMs), isWide: true },
    { heading: "BACKEND", cell: formatBackend, isWide: true, mayShrink: true },
  ];
}
