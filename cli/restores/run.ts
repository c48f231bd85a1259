/** Lists what was restored, or is being. */
import { KINDS } from "../../shared/api/kinds.ts";
import { isDryRun } from "../../shared/invoker/object.ts";
import { openCluster } from "../cluster/open.ts";
import { byAge, chosenEntries, endOf, listOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import { kubectlName } from "../objects/read.ts";
import { type RestoreObject, readRestores, restoreMembers } from "../objects/restores.ts";
import { memberCount } from "../objects/session-facts.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";

export async function runRestores(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const read = await readRestores(cluster);
  const entries = [...chosenEntries(read.entries, input.words, "RestoreBatch or RestoreSession", cluster)].sort(
    (a, b) => byAge(a.object, b.object),
  );
  printListing(input, {
    rows: entries.map(({ object }) => object),
    columns: [...namespaceColumn<RestoreObject>(cluster, (one) => one.metadata.namespace), ...columns(Date.now())],
    data: listOf(entries.map(({ raw }) => raw)),
    nameOf: ({ kind, metadata }) => kubectlName(KINDS[kind], metadata.name),
    nothing: nothingIn("restores", cluster),
  });
  return endOf(input, read);
}

function columns(nowMs: number): readonly Column<RestoreObject>[] {
  return [
    { heading: "NAME", cell: ({ metadata }) => metadata.name },
    { heading: "KIND", cell: ({ kind }) => kind, isWide: true },
    { heading: "PHASE", cell: formatPhase },
    {
      heading: "POINT",
      cell: ({ spec, status }) => status?.recoveryPoint?.session ?? spec.session ?? spec.asOf ?? "-",
    },
    { heading: "MEMBERS", cell: (restore) => memberCount(restoreMembers(restore)) },
    { heading: "TOOK", cell: ({ status }) => status?.sessionDuration ?? "-" },
    { heading: "AGE", cell: ({ metadata }) => formatSince(metadata.creationTimestamp, nowMs) },
    {
      heading: "WHY",
      cell: ({ status }) => [status?.reason, status?.message].filter(Boolean).join(": ") || "-",
      isWide: true,
      mayShrink: true,
    },
  ];
}

/** Who reads Succeeded must not think that his data is back. */
function formatPhase(restore: RestoreObject): string {
  const phase = restore.status?.phase ?? "Pending";
  return isDryRun(restore) ? `${phase} (dry run)` : phase;
}
