/** What everything that serves a backup session works with. */
import type { backupHost } from "../backup/host-backup.ts";
import type { AgentApi } from "../kube/api.ts";
import { createWithLock, type WithLock } from "../locks/patience.ts";
import type { DeadRestic } from "../locks/running-restic.ts";
import type { Logger } from "../log.ts";
import type { AgentBackupSession, BackupEntry } from "../parse/backup-session.ts";
import { parseBackupSession } from "../parse/backup-session.ts";
import { createEntryReporter, type EntryReporter } from "../report/entry-reporter.ts";
import type { Restic } from "../restic/client.ts";
import type { AgentSettings } from "../settings.ts";
import { isSameEntry, type OwnEntry } from "../turn.ts";
import type { ObjectView } from "./object-view.ts";
import type { Stopper } from "./stop.ts";

export interface TurnPorts {
  readonly settings: AgentSettings;
  readonly api: AgentApi;
  readonly view: ObjectView<AgentBackupSession>;
  readonly stopper: Stopper;
  readonly log: Logger;
  /** restic processes of this container that ended without unlocking. */
  dead(): readonly DeadRestic[];
  now(): Date;
  /** Paths where the member names none: a job backs up the volume that is mounted for it. */
  readonly defaultPaths: readonly string[];
  /** What saves the host's data; files by default. */
  readonly saveHost?: typeof backupHost | undefined;
}

/** Reporter of an entry; the work stops when the entry is no longer this agent's. */
export function reporterOf(session: AgentBackupSession, own: OwnEntry, ports: TurnPorts): EntryReporter {
  const { namespace, name, uid } = session.metadata;
  const reporter = createEntryReporter(
    {
      object: { kind: "BackupSession", namespace, name },
      objectUid: uid,
      pointer: own.pointer,
      hostname: own.hostname,
      podUid: own.entry.podUID,
    },
    {
      api: ports.api,
      log: ports.log,
      isStillOurs: (object) => isSameEntry(parseBackupSession(object), own),
    },
  );
  reporter.lost.addEventListener("abort", () => ports.stopper.stop({ kind: "lost" }), { once: true });
  return reporter;
}

/** The entry as the watch shows it now. */
function currentEntry(own: OwnEntry, ports: TurnPorts): BackupEntry {
  const state = ports.view.state();
  if (state.kind !== "present") return own.entry;
  return state.object.status?.targets?.[own.targetIndex]?.stats?.[own.entryIndex] ?? own.entry;
}

/** Patience with locks that tells what is in the way through the entry. */
export function withLockOf(own: OwnEntry, restic: Restic, reporter: EntryReporter, ports: TurnPorts): WithLock {
  return createWithLock({
    restic,
    signal: ports.stopper.signal,
    log: ports.log,
    dead: ports.dead,
    now: ports.now,
    removable: () => currentEntry(own, ports).actionParams?.removableLocks ?? [],
    changed: (signal) => ports.view.changed(signal),
    report: (locks) => reporter.set({ locks, reason: locks.length > 0 ? "REPOSITORY_LOCKED" : "" }),
  });
}
