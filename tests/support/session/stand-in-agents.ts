/**
 * Agents without data: they take the host runs of sessions, and report at once, over the protocol that the real agents use.
 * For tests of the reconciler alone; nothing is backed up.
 */
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import { type HostRun, parseHostRun } from "../../../shared/api/host-run.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { createInformer } from "../../../shared/kube/cache/informer.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { startStandInHooks } from "./stand-in-hooks.ts";

/** The host whose backup it is. */
export interface StandInHost {
  readonly hostname: string;
  readonly podUID: string;
}

/** How a host's backup ends: `silent` says nothing yet, undefined succeeds. */
export type HostFate = (
  session: BackupSession,
  host: StandInHost,
) => { readonly reason: string; readonly error: string } | "silent" | undefined;

export interface StandInAgents {
  fate: HostFate;
  /** Looks at all host runs again, after a change of fate. */
  look(): void;
  stop(): Promise<void>;
}

/** What the agent of a host would say now; undefined when it has nothing to say. */
function answer({ spec, status }: HostRun, session: BackupSession, fate: HostFate): object | undefined {
  const now = new Date().toISOString();
  const done = new Set((status?.results ?? []).map(({ action }) => action));
  const open = (spec.actions ?? []).filter((action) => !done.has(action));
  if (open.length > 0) {
    const results = open.map((action) => ({ action, phase: "Succeeded", startedAt: now, finishedAt: now }));
    return { results: [...(status?.results ?? []), ...results] };
  }
  if (spec.work !== "Backup" || status?.phase !== undefined || spec.cancel !== undefined) return undefined;
  const failure = fate(session, { hostname: spec.host, podUID: spec.pod.uid });
  if (failure === "silent") return undefined;
  if (failure !== undefined) return { phase: "Failed", finishedAt: now, ...failure };
  return { phase: "Succeeded", finishedAt: now, snapshots: [{ name: "5eed", path: "/data", sizeBytes: 1 }] };
}

/** Starts the agents of all pods of a namespace. */
export async function startStandInAgents(client: KubeClient, namespace: string): Promise<StandInAgents> {
  const agents: { fate: HostFate } = { fate: () => undefined };
  const common = { client, namespace, indexes: {}, onProblem: () => undefined };
  const sessions = createInformer({ ...common, resource: KINDS.BackupSession, transform: parseBackupSession });
  const informer = createInformer({ ...common, resource: KINDS.HostRun, transform: parseHostRun });
  const look = async (run: HostRun): Promise<void> => {
    const { name, uid } = run.metadata;
    const session =
      sessions.get(namespace, run.spec.run.name) ??
      (await client.find(KINDS.BackupSession, namespace, run.spec.run.name, parseBackupSession));
    const status = session && answer(run, session, agents.fate);
    if (status === undefined) return;
    // A report that comes too late is repeated with the next change of the host run.
    const patch = { kind: "merge", body: { metadata: { uid }, status } } as const;
    await client.patchStatus(KINDS.HostRun, namespace, name, patch, asIs).catch(() => undefined);
  };
  informer.subscribe({ add: (run) => void look(run), update: (_before, run) => void look(run) });
  const hooks = await startStandInHooks(client, namespace);
  sessions.start();
  informer.start();
  await Promise.all([sessions.hasSynced(), informer.hasSynced()]);
  return {
    get fate() {
      return agents.fate;
    },
    set fate(next) {
      agents.fate = next;
    },
    look: () => {
      for (const run of informer.list()) void look(run);
    },
    stop: async () => {
      await Promise.all([informer.stop(), sessions.stop(), hooks.stop()]);
    },
  };
}
