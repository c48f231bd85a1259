/** Says how well everything is backed up. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { openCluster } from "../cluster/open.ts";
import { type BackupInvokerObject, readInvokers } from "../objects/invokers.ts";
import { byAge, chosenEntries, endOf, namespaceColumn, nothingIn } from "../objects/list-input.ts";
import { kubectlName, type ReadObjects, readObjects } from "../objects/read.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { printListing } from "../terminal/print.ts";
import type { Style } from "../terminal/style.ts";
import type { Column } from "../terminal/table.ts";
import { formatAge, formatUntil } from "../terminal/times.ts";
import { byUrgency, decideHealth, type Health, type HealthState } from "./decide-health.ts";

const STYLES: Readonly<Partial<Record<HealthState, Style>>> = {
  Invalid: "red",
  Damaged: "red",
  NotReady: "red",
  Failing: "red",
  Stale: "red",
  NoPoint: "yellow",
  Paused: "yellow",
};

export async function runStatus(input: Input): Promise<ExitCode> {
  const cluster = await openCluster(input);
  const [invokers, sessions, repositories] = await Promise.all([
    readInvokers(cluster),
    readObjects(cluster, KINDS.BackupSession, parseBackupSession),
    readObjects(cluster, KINDS.Repository, parseRepository),
  ]);
  const chosen = chosenEntries(invokers.entries, input.words, "BackupBatch or BackupConfiguration", cluster);
  const sessionsOf = indexSessions(sessions);
  const integrity = new Map(
    repositories.entries.map(({ object: { metadata, status } }) => [
      `${metadata.namespace}/${metadata.name}`,
      status?.integrity,
    ]),
  );
  const nowMs = Date.now();
  const rows = chosen
    .map(({ object: invoker }) => {
      const { repository } = invoker.spec;
      const place = `${repository?.namespace || invoker.metadata.namespace}/${repository?.name}`;
      return decideHealth({
        invoker,
        sessions: sessionsOf.get(keyOf(invoker.kind, invoker.metadata.namespace, invoker.metadata.name)) ?? [],
        integrity: integrity.get(place),
        nowMs,
      });
    })
    .sort(byUrgency);
  printListing(input, {
    rows,
    columns: [...namespaceColumn<Health>(cluster, ({ namespace }) => namespace), ...columns(nowMs)],
    data: { applications: rows },
    nameOf: ({ kind, name }) => kubectlName(KINDS[kind], name),
    styleOf: ({ state }) => STYLES[state],
    nothing: nothingIn("batches", cluster),
  });
  return endOf(input, invokers, sessions, repositories);
}

const keyOf = (kind: BackupInvokerObject["kind"] | undefined, namespace: string, name: string | undefined) =>
  `${kind}/${namespace}/${name}`;

/** Sessions by their invoker, newest first. */
function indexSessions({ entries }: ReadObjects<BackupSession>): ReadonlyMap<string, readonly BackupSession[]> {
  const index = new Map<string, BackupSession[]>();
  for (const { object } of [...entries].sort((a, b) => byAge(a.object, b.object))) {
    const { invoker } = object.spec;
    const key = keyOf(invoker?.kind, object.metadata.namespace, invoker?.name);
    const known = index.get(key);
    if (known === undefined) index.set(key, [object]);
    else known.push(object);
  }
  return index;
}

function columns(nowMs: number): readonly Column<Health>[] {
  return [
    { heading: "NAME", cell: ({ name }) => name },
    { heading: "STATE", cell: ({ state }) => state },
    { heading: "POINT", cell: ({ pointAgeMs }) => (pointAgeMs === undefined ? "none" : formatAge(pointAgeMs)) },
    { heading: "EVERY", cell: ({ periodMs }) => (periodMs === undefined ? "-" : formatAge(periodMs)) },
    { heading: "LAST RUN", cell: formatLastRun },
    { heading: "NEXT RUN", cell: ({ nextRun }) => formatUntil(nextRun, nowMs) },
    { heading: "WHY", cell: ({ message }) => message ?? "-", isWide: true },
    { heading: "NEXT STEP", cell: ({ nextStep }) => nextStep ?? "-", mayShrink: true },
  ];
}

function formatLastRun({ lastRun }: Health): string {
  if (lastRun === undefined) return "-";
  return lastRun.code === undefined ? lastRun.phase : `${lastRun.phase} ${lastRun.code}`;
}
