/**
 * The throw-away servers that the databases of a recovery point are loaded into. Pure.
 *
 * | # | image | is |
 * |---|---|---|
 * | 1 | spec.servers of the verifier names the member | that one |
 * | 2 | the AppBinding's version is a plain one | that of the database, with the version as its tag |
 * | 3 | otherwise | not known: the drill fails |
 */
import type { AppBinding } from "../../shared/api/app-binding.ts";
import type { DrillServer } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { DATABASES, type DatabaseName, isDatabaseName } from "../../shared/databases.ts";
import { UserError } from "../../shared/errors.ts";
import { appAddress, appType } from "../../shared/target/app-binding.ts";
import { formatTarget, type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";
import { type DrillName, drillServerName } from "./names.ts";
import { bytesOf, memberName, volumeSize } from "./plan.ts";
import type { DrillPoint, DrillSnapshot } from "./point.ts";

/** A database of a recovery point. */
export interface DrillDatabase {
  readonly member: string;
  readonly ref: ResolvedTargetRef;
  readonly host: string;
  readonly snapshots: readonly DrillSnapshot[];
}

/** Rows, their indexes and the server's own logs take more room than the text of a dump. */
const GROWTH = 3;
/** Each is a pod. */
const MAX_SERVERS = 10;

const VERSION = /^\d+(\.\d+){0,3}$/;

function refuse(message: string, next: string): never {
  throw new UserError("DRILL_NOT_POSSIBLE", message, { next });
}

/** @throws UserError DRILL_NOT_POSSIBLE */
export function databasesOf(point: DrillPoint, namespace: string): readonly DrillDatabase[] {
  const databases = point.targets.flatMap((target): DrillDatabase[] => {
    const { ref, hosts } = target;
    if (ref.kind !== KINDS.AppBinding.kind) return [];
    const member = memberName(target);
    if (ref.namespace !== namespace) {
      refuse(`member ${member}: ${formatTarget(ref)} is in another namespace`, "Put the verifier beside it.");
    }
    // One server is asked for a member; dumps of several would lie over each other.
    if (hosts.length > 1)
      refuse(`member ${member} is a database of ${hosts.length} hosts`, "Back its parts up one by one.");
    return hosts.map(({ hostname, snapshots }) => ({ member, ref, host: hostname, snapshots }));
  });
  const empty = databases.find(({ snapshots }) => snapshots.length === 0);
  if (empty !== undefined) refuse(`no dump of member ${empty.member} is recorded`, "Take a backup of it.");
  if (databases.length > MAX_SERVERS) {
    const next = "Divide the batch, or restore the others by a RestoreBatch of your own.";
    refuse(`it would need ${databases.length} database servers, and ${MAX_SERVERS} are the most`, next);
  }
  return databases;
}

/** Nobody is to believe that a database was asked which the recovery point does not have. @throws UserError DRILL_NOT_POSSIBLE */
export function requireDatabases(
  { queries = [], servers = [] }: BackupVerifier["spec"],
  databases: readonly DrillDatabase[],
): void {
  const known = databases.map(({ member }) => member);
  for (const [field, entries] of [
    ["queries", queries],
    ["servers", servers],
  ] as const) {
    for (const [index, { member }] of entries.entries()) {
      if (known.includes(member)) continue;
      const what = `spec.${field}[${index}] names ${member}, which is no database of the recovery point`;
      refuse(what, `Name one of: ${known.join(", ") || "it has none"}.`);
    }
  }
}

export interface ServerWish {
  readonly drill: DrillName;
  readonly databases: readonly DrillDatabase[];
  /** AppBindings of the members that are there, by targetKey(). */
  readonly bindings: ReadonlyMap<string, AppBinding>;
  readonly verifier: Pick<BackupVerifier["spec"], "servers" | "storage">;
}

/** @throws UserError NOT_FOUND, DRILL_NOT_POSSIBLE, DRILL_SERVER_UNKNOWN, DRILL_NO_ROOM */
export function planServers({ drill, databases, bindings, verifier }: ServerWish): readonly DrillServer[] {
  return databases.map(({ member, ref, host, snapshots }, index): DrillServer => {
    const binding = bindings.get(targetKey(ref));
    if (binding === undefined) {
      throw new UserError(
        "NOT_FOUND",
        `${formatTarget(ref)} does not exist: it says which database member ${member} is`,
      );
    }
    const { type = "", version, parameters } = binding.spec;
    const { resource } = appType(type);
    if (!isDatabaseName(resource)) {
      refuse(
        `member ${member}: no server of the type ${type || "unknown"} can be started (${formatTarget(ref)})`,
        "Point the verifier at an invoker without this member, or restore it by a RestoreBatch of your own.",
      );
    }
    const { port, user } = DATABASES[resource].server;
    const asked = databaseOf(binding);
    const task = parameters?.stash?.addon?.restoreTask;
    return {
      name: drillServerName(drill, index),
      member,
      host,
      type,
      ...(version !== undefined && { version }),
      image: verifier.servers?.find((server) => server.member === member)?.image ?? imageOf(resource, version, member),
      port,
      user,
      ...(asked !== undefined && { database: asked }),
      size: volumeSize(member, bytesOf(snapshots) * GROWTH, verifier.storage),
      ...(task?.name && { task: { name: task.name, ...(task.params !== undefined && { params: task.params }) } }),
      snapshots: snapshots.map(({ id, path }) => ({ id, path })),
    };
  });
}

function imageOf(name: DatabaseName, version: string | undefined, member: string): string {
  const { title, server } = DATABASES[name];
  if (version !== undefined && VERSION.test(version)) return `${server.image}:${version}`;
  const what = version === undefined ? "its AppBinding names no version" : `${version} is no plain version`;
  throw new UserError("DRILL_SERVER_UNKNOWN", `member ${member}: no image of ${title} is known, since ${what}`, {
    next: `Name one in spec.servers: { member: ${member}, image: ... }.`,
  });
}

/** The one that the application's own address names. */
function databaseOf(binding: AppBinding): string | undefined {
  try {
    return appAddress(binding).path?.replace(/^\/+/, "") || undefined;
  } catch (error) {
    // A drill never goes to that address.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
