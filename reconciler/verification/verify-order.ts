/** The order to look at what a drill has restored. Pure. */
import type { DrillServer, DrillVolume } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import type { OrderedMember, OrderedSnapshot, VerifyOrder } from "../../shared/api/verification.ts";
import { sessionTag, targetTag } from "../../shared/snapshots/tags.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import type { DrillStatus } from "./status.ts";

export function verifyOrder(
  { volumes = [], servers = [], members = [], point }: DrillStatus,
  { sample, queries }: BackupVerifier["spec"],
  timeOut: string,
): VerifyOrder {
  return {
    members: members.map(({ alias }): OrderedMember => {
      const server = servers.find(({ member }) => member === alias);
      if (server !== undefined) return databaseOrder(server, point);
      return {
        alias,
        model: "Files",
        snapshots: volumes.filter(({ member }) => member === alias).flatMap((volume) => filesOf(volume, point)),
      };
    }),
    ...(sample !== undefined && { sample }),
    ...(queries !== undefined && { queries }),
    timeOut,
  };
}

function filesOf({ host, mountPath, folder, snapshots }: DrillVolume, point: DrillStatus["point"]) {
  return snapshots.map(({ id, path }): OrderedSnapshot => {
    const restoredTo = `${folder}${path.slice(mountPath.length)}`;
    return { ...identity(id, host, path, point), restoredTo };
  });
}

function databaseOrder(server: DrillServer, point: DrillStatus["point"]): OrderedMember {
  const { name, member, host, type, address = "", port, user, database, snapshots } = server;
  return {
    alias: member,
    model: "Database",
    appType: type,
    snapshots: snapshots.map(({ id, path }) => identity(id, host, path, point)),
    database: { host: address, port, user, secret: name, ...(database !== undefined && { database }) },
  };
}

/** Ids come from the BackupSession itself, and what is in the repository must say the same. */
function identity(id: string, host: string, path: string, point: DrillStatus["point"]): OrderedSnapshot {
  return { id, host, path, recordedId: id, ...tagsOf(point, id) };
}

function tagsOf(point: DrillStatus["point"], id: string): { readonly tags?: readonly string[] } {
  const { namespace = "", session, snapshots = [] } = point ?? {};
  const target = snapshots.find((snapshot) => snapshot.id === id)?.target;
  if (session === undefined || target === undefined) return {};
  const ref = resolveTargetRef(target, namespace);
  return { tags: [sessionTag({ namespace, name: session }), targetTag(ref)] };
}
