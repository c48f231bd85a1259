/** Finds what nothing backs up. */
import { openCluster } from "../cluster/open.ts";
import { endOf, namespaceColumn } from "../objects/list-input.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { type CoverageRow, CoverageState } from "./decide.ts";
import { gatherCoverage } from "./gather.ts";

const COLUMNS: readonly Column<CoverageRow>[] = [
  { heading: "STATE", cell: ({ state }) => state },
  { heading: "KIND", cell: ({ kind }) => kind },
  { heading: "NAME", cell: ({ name }) => name },
  { heading: "BY", cell: formatBy },
  { heading: "WHY", cell: ({ why }) => why, mayShrink: true },
  { heading: "ADD", cell: ({ add }) => add ?? "-", mayShrink: true },
];

/** As many as a line holds. */
const MOST_SHOWN = 2;

function formatBy({ by }: CoverageRow): string {
  const rest = by.length - MOST_SHOWN;
  return by.slice(0, MOST_SHOWN).join(", ") + (rest > 0 ? ` and ${rest} more` : "") || "-";
}

export async function runCoverage(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const { rows: all, failures } = await gatherCoverage(cluster);
  const isOpen = ({ state }: CoverageRow) => state === CoverageState.Uncovered || state === CoverageState.Part;
  const rows = input.flags.has("all") ? all : all.filter(({ state }) => state !== CoverageState.Covered);
  const covered = all.filter(({ state }) => state === CoverageState.Covered).length;
  printListing(input, {
    rows,
    columns: [...namespaceColumn<CoverageRow>(cluster, (row) => row.namespace), ...COLUMNS],
    data: { covered, uncovered: all.filter(isOpen).length, items: rows },
    nameOf: ({ kind, name }) => `${kind.toLowerCase()}/${name}`,
    styleOf: ({ state }) => (state === "Uncovered" ? "red" : state === "Part" ? "yellow" : undefined),
    nothing: `everything that holds data is covered: ${covered} workloads and claims`,
  });
  const end = endOf(input, { failures });
  return input.flags.has("fail-on-uncovered") && all.some(isOpen) ? ExitCode.Fault : end;
}
