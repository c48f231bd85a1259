/** Runs sessions and restores of real invokers, and scripts in pods, in any namespace of the shared control plane. */
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { parseRestoreSession, type RestoreSession } from "../../../shared/api/restore-session.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { PodExec } from "../../../shared/kube/exec/pod.ts";
import { isFinalRestorePhase } from "../../../shared/status/restore-phase.ts";
import { eventually } from "../eventually.ts";
import { followOne } from "../objects/follow.ts";
import { waitForReadyPods } from "../objects/pods.ts";
import { untilSession } from "../session/batch-without-nodes.ts";

const END_MS = 120_000;
const READY_MS = 60_000;

export type SessionStatus = NonNullable<BackupSession["status"]>;
export type Restore = RestoreBatch | RestoreSession;

export interface Runs {
  /** Waits until an invoker can run. */
  untilReady(kind: "BackupBatch" | "BackupConfiguration", name: string): Promise<void>;
  /** Starts a session `<invoker>-1`. */
  begin(invoker: string, kind?: "BackupBatch" | "BackupConfiguration"): Promise<void>;
  /** Waits for the end of the session `<invoker>-1`. */
  untilEnd(invoker: string): Promise<SessionStatus>;
  untilRestored(kind: "RestoreBatch" | "RestoreSession", name: string): Promise<Restore>;
  /** Runs a script in a container of the app's only pod. @throws Error with its words when it fails */
  run(app: string, container: string, script: string): Promise<string>;
}

export function runsIn(client: KubeClient, namespace: string, exec: PodExec): Runs {
  return {
    async untilReady(kind, name) {
      const read = () => client.get(KINDS[kind], namespace, name, asIs);
      await eventually(read, (invoker) => textAt(invoker, "status", "phase") === "Ready", READY_MS);
    },
    async begin(invoker, kind = "BackupBatch") {
      const body = {
        apiVersion: KINDS.BackupSession.apiVersion,
        kind: "BackupSession",
        metadata: { name: `${invoker}-1`, namespace },
        spec: { invoker: { apiGroup: KINDS.BackupSession.group, kind, name: invoker } },
      };
      await client.create(KINDS.BackupSession, namespace, body, asIs);
    },
    async untilEnd(invoker) {
      return (await untilSession(client, namespace, `${invoker}-1`, END_MS)).status ?? {};
    },
    untilRestored(kind, name) {
      const parse = (value: unknown): Restore =>
        kind === "RestoreBatch" ? parseRestoreBatch(value) : parseRestoreSession(value);
      const isOver = (found?: Restore): found is Restore => isFinalRestorePhase(found?.status?.phase);
      return followOne(client, KINDS[kind], namespace, name, parse, (read) => eventually(read, isOver, END_MS));
    },
    async run(app, container, script) {
      const [pod] = await waitForReadyPods(client, namespace, `app=${app}`, 1, READY_MS);
      const command = ["bash", "-c", script];
      const result = await exec({ namespace, pod: pod?.name ?? "", container, command, timeoutMs: 60_000 });
      if (result.end.kind === "timedOut" || result.end.exitCode !== 0) throw new Error(`${script}: ${result.stderr}`);
      return result.stdout;
    },
  };
}
