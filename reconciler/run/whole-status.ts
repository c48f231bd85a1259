/**
 * The whole status of a run, from what is stored of it and from its records. Decisions are made on the whole alone, so that
 * they are the same however much of it is listed. Pure.
 */
import { backupTargetStatusSchema } from "../../shared/api/backup-session.ts";
import { type HookResult, hookResultSchema } from "../../shared/api/hook-result.ts";
import { hostStatsSchema, restoreHostStatsSchema } from "../../shared/api/host-stats.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parserOf } from "../../shared/api/parse.ts";
import { chosenSnapshotSchema } from "../../shared/api/recovery-point.ts";
import { restoreMemberStatusSchema } from "../../shared/api/restore-batch.ts";
import type { HostEntry, TargetEntry } from "./entries.ts";
import { type RunStatus, runHosts, runTargets } from "./facts.ts";
import { headOf, pieceKey } from "./pieces.ts";
import { createPartReader, type Recorded } from "./records.ts";

export type RunKind = "backup" | "restore";

const readHost = {
  backup: createPartReader<HostEntry>(parserOf(KINDS.HostRun, hostStatsSchema)),
  restore: createPartReader<HostEntry>(parserOf(KINDS.HostRun, restoreHostStatsSchema)),
};
const readTarget = {
  backup: createPartReader<TargetEntry>(parserOf(KINDS.HostRun, backupTargetStatusSchema)),
  restore: createPartReader<TargetEntry>(parserOf(KINDS.HostRun, restoreMemberStatusSchema)),
};
const readHook = createPartReader(parserOf(KINDS.HostRun, hookResultSchema));
const readSnapshot = createPartReader(parserOf(KINDS.HostRun, chosenSnapshotSchema));

const REMOVED = "what was recorded of it was removed";

/** Nothing is known of the host any more, which is never taken for good. */
function lostHost(position: number): HostEntry {
  return { hostname: `unknown-${position}`, phase: "Failed", reason: "INTERNAL", error: REMOVED };
}

function lostHook(kind: RunKind): HookResult {
  return { type: kind === "backup" ? "preBackup" : "preRestore", phase: "Failed", message: REMOVED };
}

/** The list with every item at its place. */
function wholeList<Item extends { readonly position?: number }>(
  listed: readonly Item[],
  unlisted: number,
  read: (position: number) => Item,
): readonly Item[] {
  if (unlisted === 0) return listed;
  const places = new Map(listed.map((item, at) => [item.position ?? at, item]));
  return Array.from({ length: listed.length + unlisted }, (_, position) => {
    const item = places.get(position);
    return item === undefined ? read(position) : { ...item, position: undefined };
  });
}

function wholeTarget(target: TargetEntry, at: number, kind: RunKind, recorded: Recorded): TargetEntry {
  const { unlisted } = target;
  if (unlisted === undefined) return target;
  const { succeeded = 0, failed = 0, running = 0, pending = 0, hooks = 0 } = unlisted;
  const hosts = succeeded + failed + running + pending;
  const head = unlisted.details === true ? readTarget[kind](recorded, pieceKey.target(at)) : undefined;
  return {
    ...headOf(head ?? target),
    ...((target.stats !== undefined || hosts > 0) && {
      stats: wholeList(runHosts(target), hosts, (position) => {
        return readHost[kind](recorded, pieceKey.host(at, position)) ?? lostHost(position);
      }),
    }),
    ...((target.hooks !== undefined || hooks > 0) && {
      hooks: wholeList(target.hooks ?? [], hooks, (position) => {
        return readHook(recorded, pieceKey.hook(at, position)) ?? lostHook(kind);
      }),
    }),
  };
}

/**
 * @param stored as the API server has it
 * @param recorded what its records hold
 * @throws UserError INVALID_OBJECT when a record is none
 */
export function wholeStatus<Status extends RunStatus>(stored: Status, recorded: Recorded, kind: RunKind): Status {
  if (stored.records === undefined) return stored;
  const { recoveryPoint, unlistedSnapshots = 0 } = stored;
  const listed = recoveryPoint?.snapshots ?? [];
  const unlisted = Array.from({ length: unlistedSnapshots }, (_, at) => {
    return readSnapshot(recorded, pieceKey.snapshot(listed.length + at));
  });
  return {
    ...stored,
    records: undefined,
    unlistedSnapshots: undefined,
    targets: runTargets(stored).map((target, at) => wholeTarget(target, at, kind, recorded)),
    ...(unlistedSnapshots > 0 && {
      recoveryPoint: { ...recoveryPoint, snapshots: [...listed, ...unlisted.filter((one) => one !== undefined)] },
    }),
  };
}
