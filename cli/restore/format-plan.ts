/** A plan as text. Pure. */
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { formatSize } from "../../shared/size.ts";
import type { Point } from "../points/decide.ts";
import { formatTable } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";
import type { Plan, PlannedMember } from "./decide-plan.ts";
import { formatFiles } from "./file-plan.ts";

/** Which points are complete is told where points are listed. */
export type ToldPlan = Omit<Plan, "point"> & { readonly point: Pick<Point, "session" | "time"> | undefined };

const NOT_ASKED = "Files are not known: restic was not asked, --dry-run=server asks it.";

export interface PlanLook {
  readonly nowMs: number;
  readonly width: number | undefined;
}

export function formatPlan(restore: RestoreBatch, plan: ToldPlan, look: PlanLook): readonly string[] {
  const { metadata, spec } = restore;
  const table = formatTable(
    plan.members,
    [
      { heading: "STEP", cell: ({ step }: PlannedMember) => (step === 0 ? "never" : String(step)) },
      { heading: "MEMBER", cell: ({ name }) => name },
      { heading: "TARGET", cell: ({ target }) => target, mayShrink: true },
      { heading: "BY", cell: ({ how }) => how, mayShrink: true },
      {
        heading: "SNAPSHOTS",
        cell: ({ snapshots }) => snapshots.map(({ id }) => id.slice(0, 8)).join(" ") || "-",
        mayShrink: true,
      },
      { heading: "SIZE", cell: ({ sizeBytes }) => (sizeBytes === 0 ? "-" : formatSize(sizeBytes)) },
      { heading: "RESTARTS", cell: ({ restarts }) => restarts, mayShrink: true },
    ],
    { isWide: true, width: look.width },
  );
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
  return [
    `RestoreBatch ${metadata.namespace}/${metadata.name}: a dry run, nothing was changed`,
    `  Point       ${formatPoint(plan, spec, look.nowMs)}`,
    `  Repository  ${spec.repository?.name ?? "-"}`,
    "",
    ...table,
    ...list("Files, by restic's own dry run:", plan.members.flatMap(formatFiles)),
    ...(plan.members.some(({ files }) => files !== undefined) ? [] : ["", NOT_ASKED]),
    ...list("It would wait for:", plan.waitsFor),
    ...list("Not taken over from the batch:", plan.leftOut),
    "",
    "Files that are there and not in a snapshot stay.",
  ];
}

function formatPoint({ point, nearest }: ToldPlan, spec: RestoreBatch["spec"], nowMs: number): string {
  if (point !== undefined) return `${point.session} of ${point.time} (${formatSince(point.time, nowMs)} ago)`;
  const wanted =
    spec.session === undefined
      ? `the newest complete one at or before ${spec.asOf ?? "now"}`
      : `session ${spec.session}`;
  return `${wanted}, which is looked for in the repository: no object here tells of it${formatNearest(nearest)}`;
}

/** What the newest point that is known lacks, where no point has everything. */
export function formatNearest(nearest: Plan["nearest"]): string {
  if (nearest === undefined || nearest.lacks.length === 0) return "";
  return ` (${nearest.session}, the newest one known, does not hold ${nearest.lacks.join(", ")}; --member leaves members out)`;
}
