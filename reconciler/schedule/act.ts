/** Creates the session of a due time: at most one, whoever leads and however often it is tried. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { SessionTrigger } from "../../shared/api/closed-lists.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { backupSessionNames, buildBackupSession, isSessionOf } from "../../shared/invoker/build-backup-session.ts";
import { type BackupInvokerView, formatInvoker } from "../../shared/invoker/object.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";

export interface CreatedSession {
  readonly name: string;
  /** False when the session was there already. */
  readonly isNew: boolean;
}

/**
 * Creates the session. Its name follows from the due time, so that a name that exists means that the work is done, unless
 * another invoker's session has it: then the invoker's second name is taken.
 *
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function createScheduledSession(
  client: Pick<KubeClient, "create" | "get">,
  invoker: BackupInvokerView,
  dueAtMs: number,
  signal: AbortSignal,
): Promise<CreatedSession> {
  for (const name of backupSessionNames(invoker, dueAtMs)) {
    const session = buildBackupSession({ invoker, name, dueAtMs, trigger: SessionTrigger.Scheduled });
    try {
      await client.create(KINDS.BackupSession, invoker.namespace, session, asIs, { signal });
      return { name, isNew: true };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    const present = await client.get(KINDS.BackupSession, invoker.namespace, name, parseBackupSession, { signal });
    if (isSessionOf(present, invoker)) return { name, isNew: false };
  }
  throw new UserError(
    "INTERNAL",
    `${formatInvoker(invoker)}: both names of the session due ${new Date(dueAtMs).toISOString()} are taken by others`,
  );
}
