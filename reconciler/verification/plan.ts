/**
 * What is restored where: throw-away volumes for the files of a recovery point. Pure. Databases have servers (servers.ts).
 *
 * | # | paths of one host | volumes |
 * |---|---|---|
 * | 1 | lie under a mount of the member | one for that mount, at its place |
 * | 2 | lie under none | one each, at their own place |
 * | 3 | lie within each other | one each: which of the two restores won would be chance |
 */
import type { DrillVolume } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Path } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { BackupInvokerView, BackupMemberView } from "../../shared/invoker/object.ts";
import { isWithin, normalPath } from "../../shared/paths.ts";
import { readQuantity } from "../../shared/quantity.ts";
import { targetKey } from "../../shared/target/ref.ts";
import { type DrillName, drillClaimName } from "./names.ts";
import type { DrillHost, DrillPoint, DrillSnapshot, DrillTarget } from "./point.ts";

/** A volume has its file system on it, and sizes are measured before files are rounded up to blocks. */
const HEAD_ROOM = 1.3;
const SMALLEST_BYTES = 2 ** 30;
const MIB = 2 ** 20;
/** Each is a claim, and a job. */
const MAX_VOLUMES = 50;

/** Name of a target of the point: by it findings, folders and dependencies name it. */
export function memberName({ alias, ref }: Pick<DrillTarget, "alias" | "ref">): string {
  return alias ?? `${ref.kind.toLowerCase()}-${ref.name}`;
}

/** @throws UserError DRILL_NOT_POSSIBLE, DRILL_NO_ROOM */
export function planVolumes(
  drill: DrillName,
  point: DrillPoint,
  invoker: Pick<BackupInvokerView, "members">,
  storage: BackupVerifier["spec"]["storage"],
): readonly DrillVolume[] {
  const groups = point.targets.flatMap((target) => groupsOf(target, memberOf(invoker, target)));
  if (groups.length > MAX_VOLUMES) refuse(`it would need ${groups.length} volumes, and ${MAX_VOLUMES} are the most`);
  const folders = foldersOf(groups);
  return groups.map((group, index) => ({
    claim: drillClaimName(drill, index),
    member: group.member,
    host: group.host,
    mountPath: group.mountPath,
    folder: folders[index] ?? "",
    size: volumeSize(group.member, bytesOf(group.snapshots) * HEAD_ROOM, storage),
    snapshots: group.snapshots.map(({ id, path }) => ({ id, path })),
  }));
}

interface Group {
  readonly member: string;
  readonly host: string;
  readonly mountPath: string;
  readonly snapshots: readonly DrillSnapshot[];
}

function refuse(message: string): never {
  throw new UserError("DRILL_NOT_POSSIBLE", message);
}

function memberOf({ members }: Pick<BackupInvokerView, "members">, target: DrillTarget): BackupMemberView | undefined {
  return members.find(
    (member) => targetKey(member.ref) === targetKey(target.ref) && (member.alias ?? "") === (target.alias ?? ""),
  );
}

function groupsOf(target: DrillTarget, member: BackupMemberView | undefined): readonly Group[] {
  const { ref, hosts } = target;
  if (ref.kind === KINDS.AppBinding.kind) return [];
  const mounts = mountsOf(target, member);
  return hosts.flatMap((host) => ofHost(memberName(target), host, mounts));
}

/** Where the volumes of the member were mounted, as far as its spec still says. */
function mountsOf({ ref }: DrillTarget, member: BackupMemberView | undefined): readonly string[] {
  const written = (member?.target.volumeMounts ?? []).map(({ mountPath }) => normalPath(mountPath));
  return ref.kind === "PersistentVolumeClaim" && written.length === 0 ? [Path.PvcTarget] : written;
}

function ofHost(member: string, { hostname, snapshots }: DrillHost, mounts: readonly string[]): readonly Group[] {
  const groups: { mountPath: string; snapshots: DrillSnapshot[] }[] = [];
  for (const snapshot of snapshots) {
    const path = normalPath(snapshot.path);
    if (!path.startsWith("/") || path === "/") {
      refuse(
        `snapshot ${snapshot.id.slice(0, 8)} of host ${hostname} has the path ${snapshot.path}, which is no folder`,
      );
    }
    const around = mounts.filter((mount) => mount !== "/" && isWithin(path, mount));
    const mountPath = around.reduce((longest, mount) => (mount.length > longest.length ? mount : longest), "") || path;
    const isApart = (other: DrillSnapshot) => !isWithin(other.path, path) && !isWithin(path, other.path);
    const fitting = groups.find((group) => group.mountPath === mountPath && group.snapshots.every(isApart));
    if (fitting === undefined) groups.push({ mountPath, snapshots: [{ ...snapshot, path }] });
    else fitting.snapshots.push({ ...snapshot, path });
  }
  return groups.map((group) => ({ member, host: hostname, ...group }));
}

/** One name of a folder: an alias may be any text. */
function folderName(text: string): string {
  const clean = text.replaceAll(/[^A-Za-z0-9._-]/g, "-");
  return /^\.*$/.test(clean) ? `_${clean}` : clean;
}

/** `/drill/MEMBER`; with the host below it where there are several, and a number where a host has several volumes. */
function foldersOf(groups: readonly Group[]): readonly string[] {
  const taken = new Set<string>();
  return groups.map(({ member, host }) => {
    const ofMember = groups.filter((group) => group.member === member);
    const ofHost = ofMember.filter((group) => group.host === host);
    const parts = [folderName(member)];
    if (ofMember.length > ofHost.length) parts.push(folderName(host));
    const base = `${Path.Drill}/${parts.join("/")}`;
    const isAlone = ofHost.length === 1 && !taken.has(base);
    let folder = isAlone ? base : `${base}/0`;
    for (let at = 1; taken.has(folder); at += 1) folder = `${base}/${at}`;
    taken.add(folder);
    return folder;
  });
}

export function bytesOf(snapshots: readonly Pick<DrillSnapshot, "sizeBytes">[]): number {
  return snapshots.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** @throws UserError DRILL_NO_ROOM when that is more than it may be */
export function volumeSize(member: string, bytes: number, storage: BackupVerifier["spec"]["storage"]): string {
  const wanted = Math.ceil(bytes);
  const limit = storage?.sizeLimit;
  const most = limit === undefined ? Number.POSITIVE_INFINITY : (readQuantity(limit) ?? 0);
  if (wanted > most) {
    throw new UserError(
      "DRILL_NO_ROOM",
      `member ${member} needs a volume of ${Math.ceil(wanted / MIB)}Mi, and spec.storage.sizeLimit is ${limit}`,
    );
  }
  return `${Math.max(1, Math.floor(Math.min(Math.max(wanted, SMALLEST_BYTES), most) / MIB))}Mi`;
}
