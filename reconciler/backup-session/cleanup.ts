/** What a session that ended leaves to do on other objects: its second try, old sessions, its invoker, its Repository. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { SessionTrigger } from "../../shared/api/closed-lists.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { messageOf } from "../../shared/errors.ts";
import { buildBackupSession } from "../../shared/invoker/build-backup-session.ts";
import { isAlreadyExists, isNotFound } from "../../shared/kube/client/error.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { backupSessionName } from "../../shared/names.ts";
import type { ActPorts } from "../run/kind.ts";
import type { SessionMemory } from "./gather.ts";
import type { Action } from "./step.ts";
import type { SessionView } from "./view.ts";

export type SessionActPorts = ActPorts<BackupSession, SessionMemory>;

/** A retry's name has its due second in it; where that name is taken by another session the next second is tried. */
const RETRY_NAME_TRIES = 10;

export async function createRetry(
  ports: SessionActPorts,
  key: string,
  { object, invoker }: SessionView,
  dueAtMs: number,
  retryLeft: number,
): Promise<"done" | "again"> {
  if (invoker === undefined) return "done";
  const { namespace, name } = object.metadata;
  const { client, signal } = ports;
  for (let later = 0; later < RETRY_NAME_TRIES; later += 1) {
    const retry = buildBackupSession({
      invoker: invoker.view,
      name: backupSessionName(invoker.view.name, dueAtMs + later * 1_000),
      trigger: SessionTrigger.Retry,
      dueAtMs,
      retryLeft,
      retryOf: name,
    });
    const made = await createOrFind(client, retry, signal);
    if (made?.spec.retryOf !== name) continue;
    ports.log.info({ session: key, retry: made.metadata.name, retryLeft }, "session that tries again created");
    const patch = { kind: "merge", body: { status: { retried: true } } } as const;
    const written = await client.patchStatus(KINDS.BackupSession, namespace, name, patch, parseBackupSession, {
      signal,
    });
    ports.memories.keepWrite(key, written);
    return "done";
  }
  ports.log.error({ session: key }, "no name left for the session that tries again");
  return "done";
}

async function createOrFind(
  client: SessionActPorts["client"],
  session: BackupSession,
  signal: AbortSignal,
): Promise<BackupSession | undefined> {
  const { namespace, name } = session.metadata;
  try {
    return await client.create(KINDS.BackupSession, namespace, session, parseBackupSession, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.find(KINDS.BackupSession, namespace, name, parseBackupSession, { signal });
  }
}

export async function deleteSessions(
  ports: SessionActPorts,
  key: string,
  { object }: SessionView,
  names: readonly string[],
): Promise<"again"> {
  const failures: string[] = [];
  for (const name of names) {
    const options = { propagationPolicy: "Background", signal: ports.signal } as const;
    try {
      await ports.client.delete(KINDS.BackupSession, object.metadata.namespace, name, options);
    } catch (error) {
      failures.push(`${name}: ${messageOf(error)}`);
    }
  }
  ports.log.info({ session: key, deleted: names.length - failures.length, failed: failures.length }, "history cleaned");
  ports.memories.own(key).cleanup = { error: failures.length === 0 ? undefined : failures.join("; ") };
  return "again";
}

export async function recordRecoveryPoint(
  ports: SessionActPorts,
  { invoker }: SessionView,
  action: Extract<Action, { kind: "RecordRecoveryPoint" }>,
): Promise<"done"> {
  if (invoker === undefined) return "done";
  const { kind, namespace, name } = invoker.view;
  const status = {
    ...(action.endedAt !== undefined && { lastSuccessfulTime: action.endedAt }),
    // Of an earlier one nothing may stay.
    lastRecoveryPoint: {
      session: action.session,
      time: action.time,
      unreadableFiles: action.unreadableFiles ?? null,
    },
  };
  try {
    const patch = { kind: "merge", body: { status } } as const;
    await ports.client.patchStatus(KINDS[kind], namespace, name, patch, asIs, { signal: ports.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return "done";
}
