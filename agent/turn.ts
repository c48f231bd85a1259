/** Whose turn it is: read from the session, never guessed. Pure. */
import type { HostAction } from "../shared/api/closed-lists.ts";
import { resolveTargetRef, targetKey } from "../shared/target.ts";
import type { AgentBackupSession, BackupEntry, BackupTargetEntry } from "./parse/backup-session.ts";

/** Which entries are an agent's own. */
export interface TurnIdentity {
  /** `targetKey()` of the target that the agent stands beside. */
  readonly targetKey: string;
  readonly podName: string;
  readonly podUid: string;
  /** In a job: the host that it was made for. It then also serves an entry that has no pod yet. */
  readonly hostname?: string | undefined;
  /** In a maintenance job: the entry is named by its host alone, since the pod that made the backup may be gone. */
  readonly isAnyPod?: boolean;
}

/** An entry of this agent. */
export interface OwnEntry {
  readonly targetIndex: number;
  readonly entryIndex: number;
  readonly target: BackupTargetEntry;
  readonly entry: BackupEntry;
  readonly hostname: string;
  /** JSON pointer of the entry. */
  readonly pointer: string;
}

interface EntryLike {
  readonly hostname?: string;
  readonly pod?: string;
  readonly podUID?: string;
}

/** Whether the entry was given to this agent. */
export function isOwnEntry(entry: EntryLike, self: TurnIdentity): boolean {
  if (entry.podUID !== undefined && entry.podUID !== "" && entry.podUID === self.podUid) return true;
  if (self.hostname === undefined || entry.hostname !== self.hostname) return false;
  return self.isAnyPod === true || !entry.pod || entry.pod === self.podName;
}

/** All entries of the agent in a session, in order. */
export function ownEntries(session: AgentBackupSession, self: TurnIdentity): readonly OwnEntry[] {
  const targets = session.status?.targets ?? [];
  return targets.flatMap((target, targetIndex) => {
    if (targetKey(resolveTargetRef(target.ref, session.metadata.namespace)) !== self.targetKey) return [];
    return (target.stats ?? []).flatMap((entry, entryIndex) =>
      entry.hostname !== undefined && isOwnEntry(entry, self)
        ? [
            {
              targetIndex,
              entryIndex,
              target,
              entry,
              hostname: entry.hostname,
              pointer: `/status/targets/${targetIndex}/stats/${entryIndex}`,
            },
          ]
        : [],
    );
  });
}

/** Whether the session, read afresh, still gives the entry to the same pod. */
export function isSameEntry(session: AgentBackupSession, own: OwnEntry): boolean {
  const entry = session.status?.targets?.[own.targetIndex]?.stats?.[own.entryIndex];
  return entry !== undefined && entry.hostname === own.hostname && entry.podUID === own.entry.podUID;
}

/** Succeeded, Failed or Skipped: nothing more will be asked of an agent. */
export function isFinalSession(session: AgentBackupSession): boolean {
  const phase = session.status?.phase;
  return phase === "Succeeded" || phase === "Failed" || phase === "Skipped";
}

/** Whether the entry waits for its backup, or was in the middle of it. */
export function isTurn(entry: BackupEntry): boolean {
  return entry.phase === undefined || entry.phase === "Pending" || entry.phase === "Running";
}

/** The first host of a session looks for the repository, and makes it. */
export const INITIALIZE: HostAction = "InitializeBackendRepository";

/** Work on the repository that was asked for after the backup and has not ended, in order. */
export function openActions(entry: BackupEntry): readonly HostAction[] {
  const ended = new Set((entry.results ?? []).filter(({ phase }) => phase !== "Running").map(({ action }) => action));
  return (entry.actions ?? []).filter((action) => action !== INITIALIZE && !ended.has(action));
}

/** Whether the session asks anything of the agent now. */
export function hasOpenWork(session: AgentBackupSession, self: TurnIdentity): boolean {
  if (isFinalSession(session)) return false;
  return ownEntries(session, self).some(({ entry }) => isTurn(entry) || openActions(entry).length > 0);
}

/** What the session says about the repository: only True starts the hosts. */
export function repositoryCondition(
  session: AgentBackupSession,
): { readonly status: string; readonly message: string } | undefined {
  const found = session.status?.conditions?.find(({ type }) => type === "BackendRepositoryInitialized");
  return found && { status: found.status, message: found.message ?? found.reason ?? "" };
}
