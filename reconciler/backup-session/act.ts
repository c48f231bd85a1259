/** Carries out what was decided for one session. The status is written first; nothing else happens unless it stands. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { assertNever } from "../../shared/errors.ts";
import { isNotFound } from "../../shared/kube/kube-error.ts";
import { withRecords } from "../run/record-runs.ts";
import { withRefusal } from "../run/refused-status.ts";
import { tellRefusal, writeRunStatus } from "../run/write-status.ts";
import type { ActPorts } from "./act-ports.ts";
import { clearCheckRequest, createRetry, deleteSessions, recordRecoveryPoint } from "./aftermath.ts";
import { runOwnerOf } from "./run-owner.ts";
import type { Action } from "./step.ts";
import { memberOf, type SessionStatus, type SessionView, targetsOf } from "./view.ts";

/** `again`: what the decision was made on has changed, or an action gave it something new to read. */
export type ActOutcome = "done" | "again";

/** @throws KubeError when the API server refuses or can't be reached */
export async function actOnSession(
  ports: ActPorts,
  key: string,
  view: SessionView,
  actions: readonly Action[],
): Promise<ActOutcome> {
  let outcome: ActOutcome = "done";
  for (const action of actions) if (action.kind === "RunHook") ports.hooks.prepare(action.run);
  for (const action of actions) {
    const next = await actOnce(ports, key, view, action);
    if (next === "stale") return "again";
    if (next === "again") outcome = "again";
  }
  return outcome;
}

async function actOnce(ports: ActPorts, key: string, view: SessionView, action: Action): Promise<ActOutcome | "stale"> {
  switch (action.kind) {
    case "WriteStatus":
      return writeStatus(ports, key, action.status);
    case "AddLabels":
      return addLabels(ports, key, view.session, action.labels);
    case "RunHook":
      ports.hooks.start(action.run, ports.wake);
      return "done";
    case "StartPrepared":
      ports.hooks.startPrepared(action.key, ports.wake);
      return "done";
    case "AbortHook":
      ports.hooks.abort(action.key);
      return "done";
    case "EndJob":
      await ports.jobs.endJob(view.session.metadata, action.job);
      return "done";
    case "EnsureJob":
      return ensureJob(ports, view, action.targetIndex);
    case "CreateRetry":
      return createRetry(ports, key, view, action.dueAtMs, action.retryLeft);
    case "DeleteSessions":
      return deleteSessions(ports, key, view, action.names);
    case "RecordRecoveryPoint":
      return recordRecoveryPoint(ports, view, action);
    case "ClearCheckRequest":
      return clearCheckRequest(ports, action);
    case "EmitEvent":
      ports.events.record(subjectOf(view.session), action.type, action.reason, action.message);
      return "done";
    default:
      return assertNever(action);
  }
}

export function subjectOf({ apiVersion, kind, metadata }: BackupSession) {
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, name, namespace, uid: uid ?? "" };
}

/** The write stands only if nobody, agent or another reconciler, changed the session since it was read. */
async function writeStatus(ports: ActPorts, key: string, whole: SessionStatus): Promise<"done" | "again" | "stale"> {
  const { session, recorded } = ports.stored;
  const now = new Date(ports.clock.now());
  const after = await withRecords(ports.client, runOwnerOf(session), whole, recorded, ports.signal);
  const write = await writeRunStatus(
    ports.client,
    { resource: KINDS.BackupSession, metadata: session.metadata, before: session.status, after },
    { parse: parseBackupSession, endWith: (words) => withRefusal(session.status ?? {}, words, now) },
    ports.signal,
  );
  switch (write.kind) {
    case "written":
      ports.memories.keepWrite(key, write.object);
      if (write.object.status?.phase !== session.status?.phase) {
        ports.log.info({ session: key, phase: write.object.status?.phase }, "session phase changed");
      }
      return tellRefusal(ports, { session: key }, subjectOf(session), write.refused) ? "stale" : "done";
    case "unchanged":
      return "done";
    case "conflict":
      await readAnew(ports, key, session);
      return "stale";
    case "gone":
      return "stale";
    default:
      return assertNever(write);
  }
}

/** The informer may be behind: decide on what the API server has. */
async function readAnew(ports: ActPorts, key: string, session: BackupSession): Promise<void> {
  const { namespace, name } = session.metadata;
  const { signal } = ports;
  const newest = await ports.client.find(KINDS.BackupSession, namespace, name, parseBackupSession, { signal });
  if (newest !== undefined) ports.memories.keepWrite(key, newest);
}

async function addLabels(
  ports: ActPorts,
  key: string,
  session: BackupSession,
  labels: Readonly<Record<string, string>>,
): Promise<"done" | "again"> {
  const { namespace, name, uid } = session.metadata;
  const body = { metadata: { uid, labels } };
  try {
    const patch = { kind: "merge", body } as const;
    const { signal } = ports;
    const written = await ports.client.patch(KINDS.BackupSession, namespace, name, patch, parseBackupSession, {
      signal,
    });
    ports.memories.keepWrite(key, written);
    return "done";
  } catch (error) {
    if (isNotFound(error)) return "done";
    throw error;
  }
}

/** When it can't be made there is something new to decide on. */
async function ensureJob(ports: ActPorts, view: SessionView, targetIndex: number): Promise<ActOutcome> {
  const target = targetsOf(view.session.status ?? {})[targetIndex];
  const member = target && memberOf(view, target);
  if (view.invoker === undefined || member === undefined) return "done";
  const { apiVersion, kind, metadata, status } = view.session;
  const { name, namespace, uid = "" } = metadata;
  const deadlineAtMs = Date.parse(status?.sessionDeadline ?? "");
  await ports.jobs.makeBackupJob({
    owner: { apiVersion, kind, namespace, name, uid },
    invoker: view.invoker.view,
    member: { ...member, index: targetIndex },
    repository: view.repository,
    deadlineAtMs: Number.isNaN(deadlineAtMs) ? undefined : deadlineAtMs,
    nowMs: ports.clock.now(),
  });
  return ports.jobs.problems(uid).has(targetIndex) ? "again" : "done";
}
