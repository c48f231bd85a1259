/** Where data is saved, and how it grew. Pure. */
import type { MaintenanceRun } from "../../../shared/api/repository.ts";
import type { RepositoriesView, RepositoryRow } from "../../../web/wire/lists.ts";
import { pageOf } from "../../../web/wire/page-of.ts";
import { pointOfSession } from "../../points/decide.ts";
import { formatBackend } from "../../repositories/format-backend.ts";
import type { WorldView } from "../world.ts";
import type { Asked } from "./asked.ts";
import { createLocks } from "./decide-locks.ts";
import { sizesOf } from "./session-sizes.ts";

export function decideRepositories({ world, query, told }: Asked): RepositoriesView {
  const all = world
    .repositories()
    .map(({ object }) => object)
    .sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const histories = historiesOf(world);
  const locksOf = createLocks(world);
  const { rows, ...page } = pageOf(all, query["page"]);
  return {
    ...page,
    rows: rows.map((repository): RepositoryRow => {
      const { metadata, status } = repository;
      return {
        namespace: metadata.namespace,
        name: metadata.name,
        backend: formatBackend(repository),
        integrity: status?.integrity,
        totalSize: status?.totalSize,
        snapshots: status?.snapshotCount,
        points: status?.recoveryPoints,
        lastBackup: status?.lastBackupTime,
        lastCheck: status?.lastCheckTime,
        lastDataCheck: status?.lastReadDataCheckTime,
        lastPrune: status?.lastPruneTime,
        maintenance: maintenanceOf(status?.maintenanceRuns?.[0]),
        users: (status?.references ?? []).map(({ kind, namespace, name }) => {
          return [kind, [namespace, name].filter(Boolean).join("/")].filter(Boolean).join(" ");
        }),
        locks: locksOf(repository),
        locksSeenAt: status?.locksSeenAt,
        sizes: told?.sizes?.get(nameOf(repository))?.map(({ atMs, bytes }) => ({
          time: new Date(atMs).toISOString(),
          bytes,
        })),
        history: histories.get(nameOf(repository)) ?? [],
      };
    }),
  };
}

function maintenanceOf(run: MaintenanceRun | undefined): RepositoryRow["maintenance"] {
  if (run === undefined) return undefined;
  const { phase, startedAt, finishedAt, actions = [], reason, message } = run;
  return { phase, startedAt, finishedAt, actions, code: reason, message };
}

const nameOf = ({ metadata }: { readonly metadata: { readonly namespace: string; readonly name: string } }) =>
  `${metadata.namespace}/${metadata.name}`;

function historiesOf(world: WorldView): ReadonlyMap<string, RepositoryRow["history"]> {
  const found = new Map<string, RepositoryRow["history"][number][]>();
  for (const session of world.sessions()) {
    const point = pointOfSession(session);
    if (point?.repository === undefined) continue;
    const { sizeBytes, addedBytes } = sizesOf(session);
    if (sizeBytes === undefined) continue;
    const entry = { time: point.time, session: nameOf(session), sizeBytes, addedBytes };
    const known = found.get(point.repository);
    if (known === undefined) found.set(point.repository, [entry]);
    else known.push(entry);
  }
  for (const entries of found.values()) entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  return found;
}
