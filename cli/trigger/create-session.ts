/** Makes a session of a batch. */
import { KINDS } from "../../shared/api/kinds.ts";
import { backupSessionNames, buildBackupSession } from "../../shared/invoker/build-backup-session.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";

const SECOND_MS = 1_000;
/** Seconds whose names may all be taken. */
const TRIES = 5;

/** Names hold the second; one that is taken is another session's. */
export async function createSession(
  cluster: Pick<Cluster, "create">,
  invoker: BackupInvokerView,
): Promise<{ readonly name: string; readonly made: unknown }> {
  const nowMs = Date.now();
  const names = Array.from({ length: TRIES }, (_one, second) =>
    backupSessionNames(invoker, nowMs + second * SECOND_MS),
  );
  for (const [at, name] of names.flat().entries()) {
    const session = buildBackupSession({ invoker, name, trigger: "Instant" });
    try {
      return { name, made: await cluster.create(KINDS.BackupSession, invoker.namespace, session) };
    } catch (thrown) {
      if (!isAlreadyExists(thrown) || at === names.flat().length - 1) throw thrown;
    }
  }
  throw new TypeError("there is no name to try");
}
