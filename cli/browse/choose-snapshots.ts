/** Which snapshots of a point somebody means. Pure. */

import type { Snapshot } from "../../agent/restic/snapshots.ts";
import { SnapshotTag } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { bySession } from "../../shared/snapshots/of-session.ts";
import { timeOf } from "../../shared/snapshots/recovery-points.ts";
import { tagValue } from "../../shared/snapshots/tags.ts";
import { nearestNames } from "../cluster/nearest-names.ts";
import type { FoundPoint } from "./gather-point.ts";
import { isInFolder } from "./place-word.ts";

export interface PointSnapshots {
  readonly member: string;
  readonly host: string;
  readonly path: string;
  readonly id: string;
}

/** All of a point, by member, host and path. */
export function snapshotsOfPoint(point: FoundPoint, snapshots: readonly Snapshot[]): readonly PointSnapshots[] {
  const names = new Map([...point.targets].map(([name, key]) => [key, name]));
  const found = snapshotsOfSession(point, snapshots).map((snapshot): PointSnapshots => {
    const key = tagValue(snapshot, SnapshotTag.Target) ?? "";
    const member = names.get(key) ?? key.split("/").at(-1) ?? "?";
    return { member, host: snapshot.hostname, path: snapshot.paths.join(","), id: snapshot.id };
  });
  return found.sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

/** Of several sessions of that name the one of the point's time, else the newest. */
function snapshotsOfSession({ namespace, session, time }: FoundPoint, snapshots: readonly Snapshot[]) {
  const own = bySession(snapshots).filter((one) => one.session === `${namespace}/${session}`);
  const timeMs = (one: (typeof own)[number]) => Date.parse(timeOf(session, one.snapshots));
  const newestFirst = own.toSorted((a, b) => timeMs(b) - timeMs(a));
  const wanted = newestFirst.find((one) => time !== undefined && timeMs(one) === Date.parse(time)) ?? newestFirst[0];
  return wanted?.snapshots ?? [];
}

const keyOf = ({ member, host, path }: PointSnapshots) => `${member}\0${host}\0${path}`;

/**
 * Those of one member; of the only one where none is named.
 *
 * @throws UserError SNAPSHOT_NOT_FOUND that names what there is
 */
export function ofMember(
  all: readonly PointSnapshots[],
  point: FoundPoint,
  member: string | undefined,
  host: string | undefined,
): readonly PointSnapshots[] {
  const members = [...new Set(all.map((one) => one.member))];
  const what = `recovery point ${point.namespace}/${point.session}`;
  if (all.length === 0) {
    throw new UserError("RECOVERY_POINT_NOT_FOUND", `Repository ${point.repository} holds nothing of ${what}`);
  }
  const wanted = member ?? (members.length === 1 ? members[0] : undefined);
  if (wanted === undefined) {
    throw notThere(`${what} has several members`, `write ${point.session}:MEMBER; members are ${members.join(", ")}`);
  }
  const own = all.filter((one) => one.member === wanted);
  if (own.length === 0) {
    const near = nearestNames(wanted, members);
    const next = near.length > 0 ? `did you mean ${near.join(" or ")}?` : `members are ${members.join(", ")}`;
    throw notThere(`${what} holds no member ${wanted}`, next);
  }
  if (host === undefined) return own;
  const ofHost = own.filter((one) => one.host === host);
  if (ofHost.length > 0) return ofHost;
  throw notThere(`member ${wanted} has no host ${host}`, `hosts are ${hostsOf(own).join(", ")}`);
}

export function hostsOf(snapshots: readonly PointSnapshots[]): readonly string[] {
  return [...new Set(snapshots.map(({ host }) => host))];
}

/**
 * The one snapshot that holds a path.
 *
 * @throws UserError SNAPSHOT_NOT_FOUND, also where several hosts have one
 */
export function oneHolding(snapshots: readonly PointSnapshots[], path: string): PointSnapshots {
  const holding = snapshots.filter((one) => isInFolder(path, one.path));
  const hosts = hostsOf(holding);
  if (hosts.length > 1) throw notThere(`several hosts have ${path}`, `choose with --host: ${hosts.join(", ")}`);
  const [deepest] = [...holding].sort((a, b) => b.path.length - a.path.length);
  if (deepest !== undefined) return deepest;
  const paths = [...new Set(snapshots.map((one) => one.path))];
  throw notThere(`${path} was not saved`, `saved paths are ${paths.join(", ")}`);
}

function notThere(message: string, next: string): UserError {
  return new UserError("SNAPSHOT_NOT_FOUND", message, { next });
}
