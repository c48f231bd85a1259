/** Lists the runs of backups. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { formatSize } from "../../shared/size.ts";
import { openCluster } from "../cluster/open.ts";
import { findInvoker } from "../objects/invokers.ts";
import { byAge, chosenEntries, endOf, listOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import { type Entry, kubectlName, readObjects } from "../objects/read.ts";
import { failureOf, memberCount, savedBytes } from "../objects/session-facts.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";

export async function runSessions(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const batch = input.flags.text("batch");
  const invoker = batch === undefined ? undefined : (await findInvoker(cluster, batch)).object;
  const read = await readObjects(cluster, KINDS.BackupSession, parseBackupSession);
  const isWanted = ({ object: { spec, metadata } }: Entry<BackupSession>) =>
    invoker === undefined ||
    (spec.invoker?.kind === invoker.kind &&
      spec.invoker.name === invoker.metadata.name &&
      metadata.namespace === invoker.metadata.namespace);
  const entries = [...chosenEntries(read.entries.filter(isWanted), input.words, "BackupSession", cluster)].sort(
    (a, b) => byAge(a.object, b.object),
  );
  printListing(input, {
    rows: entries.map(({ object }) => object),
    columns: [...namespaceColumn<BackupSession>(cluster, (one) => one.metadata.namespace), ...columns(Date.now())],
    data: listOf(entries.map(({ raw }) => raw)),
    nameOf: ({ metadata }) => kubectlName(KINDS.BackupSession, metadata.name),
    styleOf: ({ status }) => (status?.phase === "Failed" ? "red" : status?.phase === "Skipped" ? "yellow" : undefined),
    nothing: nothingIn("sessions", cluster),
  });
  return endOf(input, read);
}

function columns(nowMs: number): readonly Column<BackupSession>[] {
  return [
    { heading: "NAME", cell: ({ metadata }) => metadata.name },
    { heading: "BATCH", cell: ({ spec }) => spec.invoker?.name ?? "-" },
    { heading: "PHASE", cell: ({ status }) => status?.phase ?? "Pending" },
    { heading: "MEMBERS", cell: ({ status }) => memberCount(status?.targets) },
    { heading: "SIZE", cell: formatSaved },
    { heading: "TOOK", cell: ({ status }) => status?.sessionDuration ?? "-" },
    { heading: "AGE", cell: ({ metadata }) => formatSince(metadata.creationTimestamp, nowMs) },
    { heading: "TRIGGER", cell: ({ spec }) => spec.trigger ?? "-", isWide: true },
    { heading: "FAILURE", cell: formatFailure, isWide: true, mayShrink: true },
  ];
}

function formatSaved({ status }: BackupSession): string {
  const bytes = (status?.targets ?? []).reduce((sum, target) => sum + savedBytes(target), 0);
  return bytes === 0 ? "-" : formatSize(bytes);
}

function formatFailure(session: BackupSession): string {
  const failure = failureOf(session);
  if (failure === undefined) return "-";
  return [failure.code, failure.member, failure.message].filter(Boolean).join(": ");
}
