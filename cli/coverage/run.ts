/** Finds what nothing backs up. */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Annotation, INJECT_DISABLED } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { backupInvokerView } from "../../shared/invoker.ts";
import { textAt } from "../../shared/kube/json-value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openCluster } from "../cluster/open-cluster.ts";
import { readInvokers } from "../objects/invokers.ts";
import { endOf, namespaceColumn } from "../objects/list-input.ts";
import { readObjects } from "../objects/read-objects.ts";
import { readWorkloads } from "../objects/workloads.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Column } from "../terminal/table.ts";
import { type CoverageRow, CoverageState, decideCoverage } from "./decide-coverage.ts";

const core = (plural: string, namespaced = true): Resource => ({ group: "", version: "v1", plural, namespaced });

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
  const namespace = cluster.scope;
  const [workloads, claims, invokers, appBindings, services, optedOutNamespaces] = await Promise.all([
    readWorkloads(cluster, namespace),
    cluster.list(core("persistentvolumeclaims"), namespace),
    readInvokers(cluster),
    readObjects(cluster, KINDS.AppBinding, parseAppBinding),
    cluster.list(core("services"), namespace),
    readOptedOut(cluster, namespace),
  ]);
  const all = decideCoverage({
    workloads: workloads.map(({ facts }) => facts),
    claims,
    invokers: invokers.entries.map(({ object }) => backupInvokerView(object)),
    appBindings: appBindings.entries.map(({ object }) => object),
    services,
    optedOutNamespaces,
  });
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
  const end = endOf(input, invokers, appBindings);
  return input.flags.has("fail-on-uncovered") && all.some(isOpen) ? ExitCode.Fault : end;
}

/** Namespaces that say inject: disabled. Whoever may not look at namespaces is told of none. */
async function readOptedOut(cluster: Cluster, namespace: string | undefined): Promise<ReadonlySet<string>> {
  const resource = core("namespaces", false);
  try {
    const found =
      namespace === undefined
        ? await cluster.list(resource, undefined)
        : [await cluster.find(resource, undefined, namespace)];
    const out = found.filter((one) => textMapAt(one, "metadata", "annotations")[Annotation.Inject] === INJECT_DISABLED);
    return new Set(out.flatMap((one) => textAt(one, "metadata", "name") ?? []));
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === "API_FORBIDDEN") return new Set();
    throw thrown;
  }
}
