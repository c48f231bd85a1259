/** The tables of a described run: hosts, snapshots, hooks, work on the repository, conditions. Pure. */
import type { Condition } from "../../shared/api/condition.ts";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { HostActionResult, HostStats, RestoreHostStats } from "../../shared/api/host-stats.ts";
import { formatSize } from "../../shared/size.ts";
import { type Column, formatTable } from "../terminal/table.ts";

export interface DescribeLook {
  readonly nowMs: number;
  /** Undefined: nothing is cut. */
  readonly width: number | undefined;
}

export interface DescribedMember {
  readonly name: string;
  readonly stats: readonly (HostStats | RestoreHostStats)[];
  readonly hooks: readonly HookResult[];
  readonly conditions: readonly Condition[];
}

function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], { width }: DescribeLook): readonly string[] {
  if (rows.length === 0) return [];
  return formatTable(rows, columns, { isWide: true, width: width === undefined ? undefined : width - 2 });
}

export function hostTable(members: readonly DescribedMember[], look: DescribeLook): readonly string[] {
  const rows = members.flatMap(({ name, stats }) => stats.map((host) => ({ name, host })));
  return table(
    rows,
    [
      { heading: "MEMBER", cell: ({ name }) => name },
      { heading: "HOST", cell: ({ host }) => host.hostname ?? "-" },
      { heading: "PHASE", cell: ({ host }) => host.phase ?? "-" },
      { heading: "POD", cell: ({ host }) => host.pod ?? "-" },
      { heading: "NODE", cell: ({ host }) => host.node ?? "-" },
      { heading: "TOOK", cell: ({ host }) => host.duration ?? "-" },
      {
        heading: "WHY",
        cell: ({ host }) => [host.reason, host.error, ...(host.warnings ?? [])].filter(Boolean).join(": ") || "-",
        mayShrink: true,
      },
    ],
    look,
  );
}

interface SnapshotRow {
  readonly name: string;
  readonly host: string;
  readonly id: string;
  readonly path: string;
  readonly sizeBytes: number | undefined;
  readonly addedBytes: number | undefined;
}

export function snapshotTable(members: readonly DescribedMember[], look: DescribeLook): readonly string[] {
  const rows = members.flatMap(({ name, stats }) =>
    stats.flatMap(({ hostname = "-", snapshots = [] }) =>
      snapshots.map((one): SnapshotRow => {
        const id = "name" in one ? one.name : "id" in one ? one.id : undefined;
        const addedBytes = "uploadedBytes" in one ? one.uploadedBytes : undefined;
        return { name, host: hostname, id: id ?? "-", path: one.path ?? "-", sizeBytes: one.sizeBytes, addedBytes };
      }),
    ),
  );
  const size = (bytes: number | undefined) => (bytes === undefined ? "-" : formatSize(bytes));
  return table(
    rows,
    [
      { heading: "MEMBER", cell: ({ name }) => name },
      { heading: "HOST", cell: ({ host }) => host },
      { heading: "SNAPSHOT", cell: ({ id }) => id.slice(0, 8) },
      { heading: "SIZE", cell: ({ sizeBytes }) => size(sizeBytes) },
      { heading: "ADDED", cell: ({ addedBytes }) => size(addedBytes) },
      { heading: "PATH", cell: ({ path }) => path, mayShrink: true },
    ],
    look,
  );
}

export function hookTable(
  members: readonly { readonly name: string; readonly hooks: readonly HookResult[] }[],
  look: DescribeLook,
): readonly string[] {
  const rows = members.flatMap(({ name, hooks }) => hooks.map((hook) => ({ name, hook })));
  return table(
    rows,
    [
      { heading: "MEMBER", cell: ({ name }) => name },
      { heading: "HOOK", cell: ({ hook }) => hook.type },
      { heading: "HOST", cell: ({ hook }) => hook.hostname ?? "-" },
      { heading: "PHASE", cell: ({ hook }) => hook.phase ?? "-" },
      {
        heading: "SAID",
        cell: ({ hook }) => [hook.message, hook.output].filter(Boolean).join(" | ") || "-",
        mayShrink: true,
      },
    ],
    look,
  );
}

export function resultTable(members: readonly DescribedMember[], look: DescribeLook): readonly string[] {
  const rows = members.flatMap(({ stats }) =>
    stats.flatMap(({ hostname = "-", results = [] }) => results.map((result) => ({ hostname, result }))),
  );
  return table(
    rows,
    [
      { heading: "WORK", cell: ({ result }) => result.action },
      { heading: "PHASE", cell: ({ result }) => result.phase },
      { heading: "HOST", cell: ({ hostname }) => hostname },
      { heading: "FOUND", cell: ({ result }) => formatResult(result), mayShrink: true },
    ],
    look,
  );
}

function formatResult({
  kept,
  removed,
  snapshotCount,
  totalSizeBytes,
  integrity,
  reason,
  message,
}: HostActionResult): string {
  const parts = [
    kept === undefined ? undefined : `${kept} kept`,
    removed === undefined ? undefined : `${removed} removed`,
    snapshotCount === undefined ? undefined : `${snapshotCount} snapshots`,
    totalSizeBytes === undefined ? undefined : formatSize(totalSizeBytes),
    integrity === undefined ? undefined : integrity ? "no fault" : "DAMAGED",
    reason,
    message,
  ];
  return parts.filter(Boolean).join(", ") || "-";
}

export function conditionTable(
  members: readonly { readonly name: string; readonly conditions: readonly Condition[] }[],
  look: DescribeLook,
): readonly string[] {
  const rows = members.flatMap(({ name, conditions }) => conditions.map((condition) => ({ name, condition })));
  return table(
    rows,
    [
      { heading: "MEMBER", cell: ({ name }) => name },
      { heading: "CONDITION", cell: ({ condition }) => condition.type },
      { heading: "STATUS", cell: ({ condition }) => condition.status },
      { heading: "MESSAGE", cell: ({ condition }) => condition.message ?? condition.reason ?? "-", mayShrink: true },
    ],
    look,
  );
}
