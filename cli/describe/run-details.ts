/** A session or a restore as text. Pure. */
import type { RunObject } from "../objects/read-run.ts";
import { failureOf, memberName, nextStepOf } from "../objects/session-facts.ts";
import { formatTimeline } from "../runs/format.ts";
import { type MemberState, memberOfRestoreSession, membersOfRestore, membersOfSession } from "../runs/member-state.ts";
import { cut } from "../terminal/table.ts";
import { formatSince } from "../terminal/times.ts";
import { describePlan, describeTried } from "./plan.ts";
import {
  conditionTable,
  type DescribedMember,
  type DescribeLook,
  hookTable,
  hostTable,
  resultTable,
  snapshotTable,
} from "./tables.ts";

const AXIS_WIDTH = 40;
/** Of what stands beside the bars: a name, and from when until when. */
const BESIDE_AXIS = 30;
const MIN_AXIS_WIDTH = 10;

export function describeRun(run: RunObject, look: DescribeLook): readonly string[] {
  const members = membersIn(run);
  const states = statesOf(run);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["A dry run: it would", describePlan(run)],
    ["Files, by restic's own dry run", describeTried(members)],
    ["Members", [...describeStates(states), ...formatLanes(states, look)]],
    ["Hosts", hostTable(members, look)],
    ["Snapshots", snapshotTable(members, look)],
    ["Hooks", hookTable([{ name: "(all)", hooks: run.status?.hooks ?? [] }, ...members], look)],
    ["Work on the repository", resultTable(members, look)],
    ["Conditions", conditionTable([{ name: "(all)", conditions: run.status?.conditions ?? [] }, ...members], look)],
  ];
  return [
    withinWidth(`${run.kind} ${run.metadata.namespace}/${run.metadata.name}`, look),
    ...headOf(run, look).map((line) => withinWidth(line, look)),
    ...sections.flatMap(([title, lines]) =>
      lines.length === 0 ? [] : ["", title, ...lines.map((line) => withinWidth(`  ${line}`, look))],
    ),
  ];
}

function withinWidth(line: string, { width }: DescribeLook): string {
  return width === undefined ? line : cut(line, width);
}

function headOf(run: RunObject, { nowMs }: DescribeLook): readonly string[] {
  const { status, metadata } = run;
  const took = status?.sessionDuration === undefined ? "" : ` in ${status.sessionDuration}`;
  const { repository } = status ?? {};
  const place = repository?.name && `${repository.namespace ?? metadata.namespace}/${repository.name}`;
  return [
    ["Phase", `${status?.phase ?? "Pending"}${took}`],
    ["Made", `${metadata.creationTimestamp ?? "-"} (${formatSince(metadata.creationTimestamp, nowMs)} ago)`],
    ["Deadline", status?.sessionDeadline],
    ["Ended", status?.completionTime],
    ["Repository", place],
    ...ownFacts(run),
  ].flatMap(([name = "", value]) => (value === undefined || value === "" ? [] : [`  ${name.padEnd(10)} ${value}`]));
}

function ownFacts(run: RunObject): readonly (readonly [string, string | undefined])[] {
  if (run.kind === "BackupSession") {
    const { invoker, trigger, retryOf } = run.spec;
    const failure = failureOf(run);
    return [
      ["Run of", invoker && `${invoker.kind} ${invoker.name}${trigger === undefined ? "" : ` (${trigger})`}`],
      ["Retry of", retryOf],
      ["Failure", failure && [failure.code, failure.member, failure.message].filter(Boolean).join(": ")],
      ["Next step", nextStepOf(failure)],
    ];
  }
  const { status, spec } = run;
  const point = status?.recoveryPoint;
  return [
    ["Wanted", spec.session ?? spec.asOf],
    ["Point", point?.session && `${point.session} of ${point.time ?? "-"}`],
    ["Why", [status?.reason, status?.message].filter(Boolean).join(": ") || undefined],
  ];
}

function membersIn(run: RunObject): readonly DescribedMember[] {
  if (run.kind === "RestoreSession") {
    const { alias, ref } = run.spec.target ?? {};
    const name = alias ?? ref?.name ?? "?";
    return [{ name, stats: run.status?.stats ?? [], hooks: [], conditions: [] }];
  }
  const entries = run.kind === "BackupSession" ? (run.status?.targets ?? []) : (run.status?.members ?? []);
  return entries.map((entry) => ({
    name: memberName(entry),
    stats: entry.stats ?? [],
    hooks: [...(entry.hooks ?? []), ...(entry.stats ?? []).flatMap(({ hooks }) => hooks ?? [])],
    conditions: entry.conditions ?? [],
  }));
}

/** How far the members are. */
export function statesOf(run: RunObject): readonly MemberState[] {
  switch (run.kind) {
    case "BackupSession":
      return membersOfSession(run);
    case "RestoreBatch":
      return membersOfRestore(run);
    default:
      return memberOfRestoreSession(run);
  }
}

function describeStates(states: readonly MemberState[]): readonly string[] {
  const width = Math.max(0, ...states.map(({ name }) => name.length));
  return states.map(({ name, phase, note }) =>
    `${name.padEnd(width)}  ${phase.padEnd(9)}  ${note.replace(/\s+/g, " ")}`.trimEnd(),
  );
}

function formatLanes(states: readonly MemberState[], { width }: DescribeLook): readonly string[] {
  const axis = width === undefined ? AXIS_WIDTH : Math.min(AXIS_WIDTH, width - BESIDE_AXIS);
  const hasEnded = states.some(({ startedAt, finishedAt }) => startedAt !== undefined && finishedAt !== undefined);
  return hasEnded && axis >= MIN_AXIS_WIDTH ? ["", ...formatTimeline(states, axis)] : [];
}
