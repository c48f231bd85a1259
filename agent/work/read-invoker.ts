/** Reads the session's invoker when it is needed: paths, patterns, hooks and retention hold as they are at that moment. */
import { UserError } from "../../shared/errors.ts";
import { createBackoff } from "../kube/backoff.ts";
import { type AgentBackupInvoker, parseBackupInvoker } from "../parse/backup-invoker.ts";
import type { AgentBackupSession } from "../parse/backup-session.ts";
import type { TurnPorts } from "./turn-ports.ts";

/**
 * Tries until the API server answers or the work is stopped.
 *
 * @throws UserError NOT_FOUND when there is no such invoker, API_UNAVAILABLE when the work was stopped first
 */
export async function readInvoker(session: AgentBackupSession, ports: TurnPorts): Promise<AgentBackupInvoker> {
  const { invoker } = session.spec;
  const kind = invoker?.kind === "BackupBatch" ? "BackupBatch" : "BackupConfiguration";
  const name = invoker?.name ?? "";
  const backoff = createBackoff({ firstMs: 200, maxMs: 10_000 });
  while (!ports.stopper.signal.aborted) {
    const answer = await ports.api.get({ kind, namespace: session.metadata.namespace, name });
    if (answer.kind === "ok") return parseBackupInvoker(answer.object);
    if (answer.kind === "gone") throw new UserError("NOT_FOUND", `${kind} ${name} does not exist`);
    if (answer.kind === "failed") ports.log.warn({ error: answer.error.message }, "invoker not read yet");
    await backoff.wait(ports.stopper.signal);
  }
  throw new UserError("API_UNAVAILABLE", `${kind} ${name} was not read`);
}
