/** Reads one session or restore, as what its members and its end are concerned. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import type { Cluster } from "../cluster/interface.ts";
import type { Entry } from "./read.ts";
import { readOne } from "./read.ts";
import type { RestoreObject } from "./restores.ts";
import { kindOfRun, type RunWord } from "./run-words.ts";

export type RunObject = BackupSession | RestoreObject;

/** @throws UserError NOT_FOUND with the nearest names */
export function readRun(
  cluster: Cluster,
  { kind, name }: RunWord,
  namespace = cluster.namespace,
): Promise<Entry<RunObject>> {
  const parse = {
    BackupSession: parseBackupSession,
    RestoreBatch: parseRestoreBatch,
    RestoreSession: parseRestoreSession,
  };
  return readOne<RunObject>(cluster, kindOfRun(kind), parse[kind], { namespace, name });
}

/** Whether nothing more comes. */
export function hasEnded(run: RunObject): boolean {
  const phase = run.status?.phase;
  return run.kind === "BackupSession" ? isFinalSessionPhase(phase) : isFinalRestorePhase(phase);
}
