/** Recovery points, newest first. Pure. */
import type { PointRow, PointsView } from "../../../web/wire.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { isPointOf, listPoints, type Point } from "../../points/recovery-points.ts";
import type { WorldView } from "../world.ts";
import { pageOf } from "./page-of.ts";
import type { Asked } from "./view-table.ts";

/** Asked with `kind`, `namespace` and `name` for those of one application; with none for all. */
export function decidePoints({ world, query }: Asked): PointsView {
  const invokers = world.invokers();
  const wanted = invokers.find((one) => {
    const { kind, metadata } = one;
    return kind === query["kind"] && metadata.namespace === query["namespace"] && metadata.name === query["name"];
  });
  const points = listPoints({ sessions: world.sessions(), repositories: world.repositories(), invokers });
  const added = addedBytes(world);
  const isAsked = query["name"] !== undefined;
  const found = points.filter((point) => !isAsked || (wanted !== undefined && isPointOf(point, wanted)));
  const { rows, ...page } = pageOf(found, query["page"]);
  return { ...page, rows: rows.map((point) => rowOf(point, invokers, added)) };
}

/** What the repository grew by, by session. */
function addedBytes(world: WorldView): ReadonlyMap<string, number> {
  return new Map(
    world.sessions().map(({ metadata, status }) => {
      const snapshots = (status?.targets ?? []).flatMap(({ stats = [] }) =>
        stats.flatMap((host) => host.snapshots ?? []),
      );
      const bytes = snapshots.reduce((sum, { uploadedBytes = 0 }) => sum + uploadedBytes, 0);
      return [`${metadata.namespace}/${metadata.name}`, bytes];
    }),
  );
}

function rowOf(point: Point, invokers: readonly BackupInvokerObject[], added: ReadonlyMap<string, number>): PointRow {
  const { namespace, session, time, repository, isComplete, members, source } = point;
  const owner = invokers.find((invoker) => isPointOf(point, invoker));
  return {
    namespace,
    session,
    time,
    application: owner && { kind: owner.kind, namespace, name: owner.metadata.name },
    repository,
    isComplete,
    sizeBytes: members?.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    addedBytes: source === "BackupSession" ? added.get(`${namespace}/${session}`) : undefined,
    members: members?.map(({ name, isSaved }) => ({ name, isSaved })),
    source,
  };
}
