/** `create-backupsession`: what a CronJob runs where the schedule is not kept by the reconciler. */
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { Env } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { backupSessionNames, buildBackupSession } from "../../shared/invoker/build-backup-session.ts";
import { type BackupInvokerView, backupInvokerView } from "../../shared/invoker/object.ts";
import { parseFlags, requireFlags } from "../flags.ts";
import { type AgentApi, createApi } from "../kube/api.ts";
import { createGrowingWait } from "../kube/growing-wait.ts";
import { gatherSettings } from "../settings.ts";
import { shutdownSignal } from "./shutdown.ts";

/** Kubernetes 1.20 ends a job's name with seconds, from 1.21 on with minutes; the pod's name has five more characters. */
const JOB_POD = /-(\d{8,10})-[a-z0-9]{5}$/;
const TRIES = 10;

/**
 * When the run of a CronJob's pod was due. A pod that is started again has the same answer, so it can't start a second session.
 *
 * @returns milliseconds since the epoch; undefined when the name is not that of a CronJob's pod
 */
export function dueTimeOfPod(podName: string): number | undefined {
  const digits = JOB_POD.exec(podName)?.[1];
  if (digits === undefined) return undefined;
  return Number(digits) * (digits.length === 8 ? 60_000 : 1_000);
}

/** Whether the session of that name is a run of the invoker. */
async function isSession(api: AgentApi, name: string, invoker: BackupInvokerView): Promise<boolean> {
  const found = await api.get({ kind: "BackupSession", namespace: invoker.namespace, name });
  if (found.kind !== "ok") return false;
  const { spec } = parseBackupSession(found.object);
  return spec.invoker?.kind === invoker.kind && spec.invoker.name === invoker.name;
}

/** @returns 0 when the session exists */
export async function run(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  const flag = requireFlags(flags, ["invoker-kind", "invoker-name"]);
  const settings = gatherSettings(flags, process.env);
  const { pod, identity, log } = settings;
  const kind = flag("invoker-kind") === "BackupBatch" ? "BackupBatch" : "BackupConfiguration";
  const api = createApi(identity);
  const shutdown = shutdownSignal();
  const backoff = createGrowingWait({ baseMs: 500, maxMs: 10_000 });
  const dueAtMs = dueTimeOfPod(process.env[Env.PodName] ?? "");
  const atMs = dueAtMs ?? Date.now();
  for (let tries = 0; tries < TRIES && !shutdown.aborted; tries++) {
    if (tries > 0) await backoff.wait(shutdown);
    const found = await api.get({ kind, namespace: pod.namespace, name: flag("invoker-name") });
    if (found.kind === "gone") throw new UserError("NOT_FOUND", `${kind} ${flag("invoker-name")} does not exist`);
    if (found.kind !== "ok") continue;
    const invoker = backupInvokerView(
      kind === "BackupBatch" ? parseBackupBatch(found.object) : parseBackupConfiguration(found.object),
    );
    const trigger = dueAtMs === undefined ? "Instant" : "Scheduled";
    // The second name is for when another invoker has the first.
    for (const name of backupSessionNames(invoker, atMs)) {
      const session = buildBackupSession({ invoker, name, trigger, dueAtMs });
      const made = await api.create("BackupSession", pod.namespace, session);
      if (made.kind === "failed" && !made.error.retryable) throw made.error;
      if (made.kind === "rejected" && !/already exists/.test(made.message)) {
        throw new UserError("INVALID_OBJECT", `session ${name}: ${made.message}`);
      }
      const isOurs = made.kind === "ok" || (made.kind === "rejected" && (await isSession(api, name, invoker)));
      if (isOurs) {
        log.info({ session: name, isNew: made.kind === "ok" }, "session is there");
        return 0;
      }
      if (made.kind !== "rejected") break;
    }
  }
  throw new UserError("API_UNAVAILABLE", "the session could not be made");
}
