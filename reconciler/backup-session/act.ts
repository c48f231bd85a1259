/** Carries out what was decided for sessions alone. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { assertNever } from "../../shared/errors.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import { isNews } from "../jobs/of-target.ts";
import { jobOrderOf } from "../run/act.ts";
import { runTargets } from "../run/facts.ts";
import type { ActOutcome } from "../run/kind.ts";
import { createRetry, deleteSessions, recordRecoveryPoint, type SessionActPorts } from "./cleanup.ts";
import type { OwnAction } from "./step.ts";
import { memberOf, type SessionView } from "./view.ts";

/** @throws KubeError when the API server refuses or can't be reached */
export async function actOnSession(
  ports: SessionActPorts,
  key: string,
  view: SessionView,
  action: OwnAction,
): Promise<ActOutcome> {
  switch (action.kind) {
    case "AddLabels":
      return addLabels(ports, key, view.object, action.labels);
    case "EnsureJob":
      return ensureJob(ports, view, action.targetIndex);
    case "CreateRetry":
      return createRetry(ports, key, view, action.dueAtMs, action.retryLeft);
    case "DeleteSessions":
      return deleteSessions(ports, key, view, action.names);
    case "RecordRecoveryPoint":
      return recordRecoveryPoint(ports, view, action);
    default:
      return assertNever(action);
  }
}

async function addLabels(
  ports: SessionActPorts,
  key: string,
  session: BackupSession,
  labels: Readonly<Record<string, string>>,
): Promise<"done"> {
  const { namespace, name, uid } = session.metadata;
  const patch = { kind: "merge", body: { metadata: { uid, labels } } } as const;
  const { client, signal } = ports;
  try {
    const written = await client.patch(KINDS.BackupSession, namespace, name, patch, parseBackupSession, { signal });
    ports.memories.keepWrite(key, written);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return "done";
}

/** When it can't be made there is something new to decide on. */
async function ensureJob(ports: SessionActPorts, view: SessionView, targetIndex: number): Promise<ActOutcome> {
  const target = runTargets(view.status)[targetIndex];
  const member = target && memberOf(view, target);
  if (view.invoker === undefined || member === undefined) return "done";
  const uid = view.object.metadata.uid ?? "";
  const known = ports.jobs.problems(uid).get(targetIndex);
  await ports.jobs.makeBackupJob({
    ...jobOrderOf(view, ports.clock.now()),
    invoker: view.invoker.view,
    member: { ...member, index: targetIndex },
  });
  return isNews(known, ports.jobs.problems(uid).get(targetIndex)) ? "again" : "done";
}
