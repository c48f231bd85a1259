/** One view over the entries of a session and of a restore, for the steps of a job that report for somebody else. */

import type { HookResult } from "../../shared/api/hook-result.ts";
import type { Handler } from "../../shared/api/hooks.ts";
import { UserError } from "../../shared/errors.ts";
import { createApi } from "../kube/api.ts";
import { memberOf, parseBackupInvoker } from "../parse/backup-invoker.ts";
import { type AgentBackupSession, parseBackupSession } from "../parse/backup-session.ts";
import { type AgentRestore, parseRestore } from "../parse/restore.ts";
import { createEntryReporter, type EntryReporter } from "../report/entry-reporter.ts";
import { ownMember } from "../restore/decide-restore.ts";
import { restoreObject } from "../restore/restore-object.ts";
import type { AgentSettings } from "../settings.ts";
import { isOwnEntry, isSameEntry, ownEntries, type TurnIdentity } from "../turn.ts";
import { viewObject } from "../work/object-view.ts";
import { initializeForOthers } from "./initialize-for-others.ts";
import { waitForEntry } from "./wait-for-entry.ts";

export interface JobHooks {
  readonly before: Handler | undefined;
  readonly after: (Handler & { readonly executionPolicy?: string }) | undefined;
}

/** The entry that a step of a job reports into. */
export interface JobEntry {
  readonly name: string;
  readonly namespace: string;
  readonly createdAt: string | undefined;
  readonly kind: "backup" | "restore";
  readonly retryLeft: number;
  readonly invoker: { readonly kind: string; readonly name: string };
  readonly hostname: string;
  readonly phase: string | undefined;
  readonly startedAt: string | undefined;
  readonly hooks: readonly HookResult[];
  readonly memberHooks: JobHooks;
  readonly reporter: EntryReporter;
  /**
   * Looks for the repository where this host is the one to do so, since another's program would not; does nothing else.
   *
   * @throws UserError when it can't be opened or made
   */
  initialize(): Promise<void>;
}

export interface JobStep {
  readonly settings: AgentSettings;
  readonly self: TurnIdentity;
  readonly shutdown: AbortSignal;
}

/** @throws UserError NOT_FOUND or EXECUTOR_LOST when there is no such entry */
export async function backupEntry(step: JobStep, sessionName: string): Promise<JobEntry> {
  const { settings, self, shutdown } = step;
  const end = new AbortController();
  const object = { kind: "BackupSession", namespace: settings.pod.namespace, name: sessionName } as const;
  const { identity, log } = settings;
  const view = viewObject<AgentBackupSession>({
    identity,
    ...object,
    signal: end.signal,
    log,
    parse: parseBackupSession,
  });
  try {
    const found = await waitForEntry(view, (session) => ownEntries(session, self)[0], shutdown);
    const own = found.entry;
    const { metadata, spec } = found.object;
    const api = createApi(identity);
    const kind = spec.invoker?.kind === "BackupBatch" ? "BackupBatch" : "BackupConfiguration";
    const invoker = { kind, name: spec.invoker?.name ?? "" } as const;
    const answer = await api.get({ ...invoker, namespace: metadata.namespace });
    if (answer.kind !== "ok") throw new UserError("NOT_FOUND", `${kind} ${invoker.name} can't be read`);
    const hooks = memberOf(parseBackupInvoker(answer.object), own.target).spec.hooks;
    const reporter = createEntryReporter(
      { object, objectUid: metadata.uid, pointer: own.pointer, hostname: own.hostname, podUid: own.entry.podUID },
      { api, log, isStillOurs: (raw) => isSameEntry(parseBackupSession(raw), own) },
    );
    return {
      ...metadata,
      createdAt: metadata.creationTimestamp,
      kind: "backup",
      retryLeft: spec.retryLeft ?? 0,
      invoker,
      hostname: own.hostname,
      phase: own.entry.phase,
      startedAt: own.entry.startedAt,
      hooks: own.entry.hooks ?? [],
      memberHooks: { before: hooks?.preBackup, after: hooks?.postBackup },
      reporter,
      initialize: () => initializeForOthers(found.object, own, reporter, step),
    };
  } finally {
    end.abort();
  }
}

function findRestoreEntry(restore: AgentRestore, self: TurnIdentity) {
  const member = ownMember(restore, self);
  const index = member?.entries.findIndex((entry) => isOwnEntry(entry, self)) ?? -1;
  const entry = member?.entries[index];
  return member === undefined || entry?.hostname === undefined ? undefined : { member, entry, index };
}

/** @throws UserError NOT_FOUND or EXECUTOR_LOST when there is no such entry */
export async function restoreEntry(step: JobStep, kind: string, name: string): Promise<JobEntry> {
  const { settings, self, shutdown } = step;
  const end = new AbortController();
  const object = restoreObject(kind, settings.pod.namespace, name);
  const { identity, log } = settings;
  const view = viewObject<AgentRestore>({ identity, ...object, signal: end.signal, log, parse: parseRestore });
  try {
    const { object: restore, entry: found } = await waitForEntry(view, (raw) => findRestoreEntry(raw, self), shutdown);
    const { member, entry, index } = found;
    const hostname = entry.hostname ?? "";
    const isStillOurs = (raw: unknown) => {
      const now = findRestoreEntry(parseRestore(raw), self)?.entry;
      return now?.hostname === hostname && now.podUID === entry.podUID;
    };
    return {
      name: restore.name,
      namespace: restore.namespace,
      createdAt: undefined,
      kind: "restore",
      retryLeft: 0,
      invoker: { kind: restore.kind, name: restore.name },
      hostname,
      phase: entry.phase,
      startedAt: entry.startedAt,
      hooks: entry.hooks ?? [],
      memberHooks: { before: member.spec.hooks?.preRestore, after: member.spec.hooks?.postRestore },
      reporter: createEntryReporter(
        { object, objectUid: restore.uid, pointer: `${member.pointer}/${index}`, hostname, podUid: entry.podUID },
        { api: createApi(identity), log, isStillOurs },
      ),
      initialize: async () => undefined,
    };
  } finally {
    end.abort();
  }
}
