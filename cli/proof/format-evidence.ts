/** Evidence of a drill, for people. Pure. */
import { assertNever } from "../../shared/errors.ts";
import type { Evidence, EvidenceMember } from "../../shared/evidence/build.ts";
import { formatClock, formatSize } from "../../shared/size.ts";
import { type Column, formatTable } from "../terminal/table.ts";
import { formatAge } from "../terminal/times.ts";
import type { Verdict } from "./document.ts";

const number = (value: number | undefined) => (value === undefined ? "-" : value.toLocaleString("en-US"));

const COLUMNS: readonly Column<EvidenceMember>[] = [
  { heading: "MEMBER", cell: ({ alias }) => alias },
  { heading: "PROVEN", cell: ({ proven }) => (proven ? "yes" : "no") },
  {
    heading: "RESTORED IN",
    cell: ({ restoreSeconds }) => (restoreSeconds === undefined ? "-" : formatClock(restoreSeconds)),
  },
  {
    heading: "SNAPSHOTS",
    cell: ({ snapshots, snapshotCount }) => formatSnapshots(snapshots, snapshotCount),
    mayShrink: true,
  },
  { heading: "FILES", cell: ({ files }) => number(files) },
  { heading: "SIZE", cell: ({ bytes }) => (bytes === undefined ? "-" : formatSize(bytes)) },
  { heading: "COMPARED", cell: ({ compared }) => number(compared) },
  { heading: "TABLES", cell: ({ tableCount }) => number(tableCount) },
  { heading: "ROWS", cell: ({ rows }) => number(rows) },
  { heading: "FINDINGS", cell: ({ findingCount }) => number(findingCount) },
];

function formatSnapshots(snapshots: EvidenceMember["snapshots"], count: number): string {
  const ids = snapshots.map(({ id }) => id.slice(0, 8)).join(" ");
  return count > snapshots.length ? `${ids} and ${count - snapshots.length} more` : ids || "-";
}

export function formatEvidence(evidence: Evidence, width: number | undefined): readonly string[] {
  const { invoker, namespace, point, pointAgeSeconds, recoverySeconds, outcome, members, script } = evidence;
  const what = invoker === undefined ? namespace : `${invoker.kind} ${namespace}/${invoker.name}`;
  const age = pointAgeSeconds === undefined ? "" : `, ${formatAge(pointAgeSeconds * 1_000)} old when the drill began`;
  const answers = members.flatMap(({ alias, queries = [] }) =>
    queries.map(
      ({ database, statement, value = "no answer", ok }) =>
        `${ok ? "ok" : "not ok"}: ${[alias, database].filter(Boolean).join("/")}: ${statement}: ${value}`,
    ),
  );
  const servers = members.flatMap(({ alias, server }) =>
    server === undefined ? [] : [`server: ${alias}: ${server.image}`],
  );
  const unproven = members.flatMap(({ alias, unproven: list = [] }) =>
    list.map((one) => `not looked at: ${alias}: ${one}`),
  );
  const { verifier, drill, endTime, product, restic } = evidence;
  return [
    `${what}: ${outcome === "Succeeded" ? "proven" : "not proven"}`,
    ...(point === undefined ? [] : [`point: ${[point.session, point.time].filter(Boolean).join(", ")}${age}`]),
    ...(recoverySeconds === undefined ? [] : [`recovery: ${formatClock(recoverySeconds)}`]),
    ...(members.length === 0 ? [] : formatTable(members, COLUMNS, { isWide: true, width })),
    ...servers,
    ...answers,
    ...(script?.exitCode === undefined ? [] : [`script: exit code ${script.exitCode}`]),
    ...unproven,
    `drill: ${drill.name}, verifier ${verifier}, ${endTime}, product ${product}${restic === undefined ? "" : `, restic ${restic}`}`,
  ];
}

export function formatVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case "signed":
      return `signed by ${verdict.fingerprint}`;
    case "unsigned":
      return "not signed: whoever had it may have changed it";
    case "changed":
      return `changed since it was signed by ${verdict.fingerprint}, or never signed by it`;
    case "other-key":
      return `signed by ${verdict.fingerprint}, which is not the key that was expected`;
    default:
      return assertNever(verdict);
  }
}
