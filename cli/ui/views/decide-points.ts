/** Recovery points, newest first. Pure. */

import type { PointRow, PointsView } from "../../../web/wire/lists.ts";
import { pageOf } from "../../../web/wire/page-of.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { isPointOf, listPoints, type Point } from "../../points/decide.ts";
import type { WorldView } from "../world.ts";
import type { Asked } from "./asked.ts";
import { formatGoes } from "./decide-goes.ts";
import { createProofs } from "./decide-proof.ts";
import { type SessionSizes, sizesOf } from "./session-sizes.ts";

/** Asked with `kind`, `namespace` and `name` for those of one application; with none for all. */
export function decidePoints({ world, query }: Asked): PointsView {
  const invokers = world.invokers();
  const wanted = invokers.find((one) => {
    const { kind, metadata } = one;
    return kind === query["kind"] && metadata.namespace === query["namespace"] && metadata.name === query["name"];
  });
  const points = listPoints({ sessions: world.sessions(), repositories: world.repositories(), invokers });
  const sizes = sizesBySession(world);
  const proofOf = createProofs(world);
  const isAsked = query["name"] !== undefined;
  const found = points.filter((point) => !isAsked || (wanted !== undefined && isPointOf(point, wanted)));
  const { rows, ...page } = pageOf(found, query["page"]);
  return { ...page, rows: rows.map((point) => ({ ...rowOf(point, invokers, sizes, points), proof: proofOf(point) })) };
}

/** By session. */
function sizesBySession(world: WorldView): ReadonlyMap<string, SessionSizes> {
  return new Map(
    world.sessions().map((session) => [`${session.metadata.namespace}/${session.metadata.name}`, sizesOf(session)]),
  );
}

function rowOf(
  point: Point,
  invokers: readonly BackupInvokerObject[],
  sizes: ReadonlyMap<string, SessionSizes>,
  all: readonly Point[],
): Omit<PointRow, "proof"> {
  const { namespace, session, time, repository, isComplete, unreadableFiles, keptBy, cluster, members, source } = point;
  const known = source === "BackupSession" ? sizes.get(`${namespace}/${session}`) : undefined;
  const owner = invokers.find((invoker) => isPointOf(point, invoker));
  const newerComplete = all.filter(
    (one) =>
      owner !== undefined && one.isComplete && one.cluster === cluster && isPointOf(one, owner) && isNewer(one, point),
  ).length;
  return {
    namespace,
    session,
    time,
    cluster,
    unreadableFiles,
    keptBy,
    goes: formatGoes({ keptBy, policy: owner?.spec.retentionPolicy, newerComplete }),
    application: owner && { kind: owner.kind, namespace, name: owner.metadata.name },
    repository,
    isComplete,
    sizeBytes: known?.sizeBytes,
    addedBytes: known?.addedBytes,
    members: members?.map(({ name, isSaved }) => ({ name, isSaved })),
    source,
  };
}

const isNewer = (one: Point, other: Point) => Date.parse(one.time) > Date.parse(other.time);
