/** What is told of a run that was waited for. Pure, but for what it prints. */
import { formatSize } from "../../shared/size.ts";
import { statesOf } from "../describe/run-details.ts";
import type { RunObject } from "../objects/read-run.ts";
import { failureOf, nextStepOf } from "../objects/session-facts.ts";
import { ExitCode } from "../program/exit-code.ts";
import { formatTable } from "../terminal/table.ts";
import { formatSeconds } from "./format.ts";

/** Good when all of it succeeded, Partial when a part did. */
export function exitCodeOf(run: RunObject): ExitCode {
  if (run.status?.phase === "Succeeded") return ExitCode.Good;
  const states = statesOf(run);
  return states.some(({ phase }) => phase === "Succeeded") ? ExitCode.Partial : ExitCode.Fault;
}

interface Row {
  readonly member: string;
  readonly phase: string;
  readonly snapshots: string;
  readonly size: string;
  readonly took: string;
}

/** The table at the end, and why it failed where it did. */
export function formatEnd(run: RunObject, width: number | undefined): readonly string[] {
  const rows = statesOf(run).map(({ name, phase, startedAt, finishedAt }, at): Row => {
    const snapshots = snapshotsOf(run, at);
    const bytes = snapshots.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
    return {
      member: name,
      phase,
      snapshots: snapshots.map(({ id }) => id.slice(0, 8)).join(" ") || "-",
      size: bytes === 0 ? "-" : formatSize(bytes),
      took: startedAt === undefined || finishedAt === undefined ? "-" : formatSeconds(finishedAt - startedAt),
    };
  });
  const table = formatTable(
    rows,
    [
      { heading: "MEMBER", cell: ({ member }) => member },
      { heading: "PHASE", cell: ({ phase }) => phase },
      { heading: "SNAPSHOTS", cell: ({ snapshots }) => snapshots, mayShrink: true },
      { heading: "SIZE", cell: ({ size }) => size },
      { heading: "TOOK", cell: ({ took }) => took },
    ],
    { isWide: true, width },
  );
  const took = run.status?.sessionDuration === undefined ? "" : ` in ${run.status.sessionDuration}`;
  const end = `${run.kind} ${run.metadata.namespace}/${run.metadata.name}: ${run.status?.phase ?? "Pending"}${took}`;
  return [...(rows.length === 0 ? [] : table), end, ...whyOf(run)];
}

function snapshotsOf(
  run: RunObject,
  at: number,
): readonly { readonly id: string; readonly sizeBytes: number | undefined }[] {
  if (run.kind === "BackupSession") {
    const hosts = run.status?.targets?.[at]?.stats ?? [];
    return hosts.flatMap(({ snapshots = [] }) =>
      snapshots.map(({ name = "", sizeBytes }) => ({ id: name, sizeBytes })),
    );
  }
  const hosts = run.kind === "RestoreBatch" ? (run.status?.members?.[at]?.stats ?? []) : (run.status?.stats ?? []);
  return hosts.flatMap(({ snapshots = [] }) => snapshots.map(({ id = "", sizeBytes }) => ({ id, sizeBytes })));
}

function whyOf(run: RunObject): readonly string[] {
  if (run.status?.phase === "Succeeded") return [];
  if (run.kind !== "BackupSession") {
    const why = [run.status?.reason, run.status?.message].filter(Boolean).join(": ");
    return why === "" ? [] : [`why: ${why}`];
  }
  const failure = failureOf(run);
  const next = nextStepOf(failure);
  const why =
    failure === undefined ? [] : [`why: ${[failure.code, failure.member, failure.message].filter(Boolean).join(": ")}`];
  return [...why, ...(next === undefined ? [] : [`next: ${next}`])];
}
