/** RestoreSessions and RestoreBatches as a kind of run. */
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isRecorded } from "../run/ended.ts";
import type { RunKind } from "../run/kind.ts";
import { onAny } from "../world/on-any.ts";
import { actOnRestore } from "./act.ts";
import { decideRestore } from "./decide.ts";
import { RESTORE_WORDS } from "./facts.ts";
import { foldSearch, gatherRestore, type RestoreMemory } from "./gather.ts";
import { restoreOrders } from "./host-runs.ts";
import { partialWarning } from "./partial.ts";
import { type RestoreObject, type RestoreStatus, readRestoreStatus, writeRestoreStatus } from "./status.ts";
import type { OwnAction } from "./step.ts";
import type { RestoreView } from "./view.ts";

export const RESTORE_KIND: RunKind<RestoreObject, RestoreView, RestoreStatus, OwnAction, RestoreMemory> = {
  name: "restore",
  words: RESTORE_WORDS,
  concurrency: 16,
  createMemory: () => ({ askedAtMs: new Map(), refusals: new Map() }),
  informersOf: ({ restoreSessions, restoreBatches }) => [restoreSessions, restoreBatches],
  parserOf: ({ kind }) => (kind === "RestoreBatch" ? parseRestoreBatch : parseRestoreSession),
  readStatus: readRestoreStatus,
  writeStatus: writeRestoreStatus,
  isEnded: ({ status }) => isRecorded(status ?? {}),
  fold: foldSearch,
  viewOf: gatherRestore,
  decide: decideRestore,
  ordersOf: restoreOrders,
  act: actOnRestore,
  isBeside: () => false,
  wokenBy: (world, { inNamespace, ofRepository }) => [
    // A session that ends frees its targets, and is a recovery point.
    world.sessions.subscribe(
      onAny(({ metadata, status }) => {
        if (!isFinalSessionPhase(status?.phase)) return;
        inNamespace(metadata.namespace);
        const { name, namespace } = status?.repository ?? {};
        if (name !== undefined) ofRepository(`${namespace ?? metadata.namespace}/${name}`);
      }),
    ),
    world.namespaces.subscribe(onAny(({ name }) => inNamespace(name))),
  ],
  lastWords(restore, status) {
    const message = partialWarning(status, restore.metadata.namespace);
    return message === undefined ? undefined : { type: "Warning", reason: "Restore Deleted", message };
  },
};
