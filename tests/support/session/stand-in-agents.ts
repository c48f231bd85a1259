/**
 * Agents without data: they take the turns that sessions give to pods, and report at once, over the protocol that the real
 * agents use. For tests of the reconciler alone; nothing is backed up.
 */
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import type { HostStats } from "../../../shared/api/host-stats.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client.ts";
import { createInformer } from "../../../shared/kube/informer.ts";

/** How a host's backup ends: `silent` says nothing yet, undefined succeeds. */
export type HostFate = (
  session: BackupSession,
  host: HostStats,
) => { readonly reason: string; readonly error: string } | "silent" | undefined;

export interface StandInAgents {
  fate: HostFate;
  /** Looks at all sessions again, after a change of fate. */
  look(): void;
  stop(): Promise<void>;
}

interface Report {
  readonly session: BackupSession;
  readonly pointer: string;
  readonly host: HostStats;
  readonly fields: Readonly<Record<string, unknown>>;
}

function isOpened({ status }: BackupSession): boolean {
  return (status?.conditions ?? []).some((condition) => {
    return condition.type === "BackendRepositoryInitialized" && condition.status === "True";
  });
}

/** What the agent of a host would say now; undefined when it has nothing to say. */
function answer(session: BackupSession, host: HostStats, fate: HostFate): Report["fields"] | undefined {
  const now = new Date().toISOString();
  const done = new Set((host.results ?? []).map(({ action }) => action));
  const open = (host.actions ?? []).filter((action) => !done.has(action));
  if (open.length > 0) {
    const results = open.map((action) => ({ action, phase: "Succeeded", startedAt: now, finishedAt: now }));
    return { results: [...(host.results ?? []), ...results] };
  }
  if (host.phase !== "Pending" || !isOpened(session)) return undefined;
  const failure = fate(session, host);
  if (failure === "silent") return undefined;
  if (failure !== undefined) return { phase: "Failed", finishedAt: now, ...failure };
  return { phase: "Succeeded", finishedAt: now, snapshots: [{ name: "5eed", path: "/data", sizeBytes: 1 }] };
}

async function send(client: KubeClient, { session, pointer, host, fields }: Report): Promise<void> {
  const { namespace, name } = session.metadata;
  const operations = [
    { op: "test", path: `${pointer}/hostname`, value: host.hostname },
    { op: "test", path: `${pointer}/podUID`, value: host.podUID },
    ...Object.entries(fields).map(([key, value]) => ({ op: "add", path: `${pointer}/${key}`, value }) as const),
  ] as const;
  // A report that comes too late is repeated with the next change of the session.
  await client
    .patchStatus(KINDS.BackupSession, namespace, name, { kind: "json", operations }, asIs)
    .catch(() => undefined);
}

/** Starts the agents of all pods of a namespace. */
export async function startStandInAgents(client: KubeClient, namespace: string): Promise<StandInAgents> {
  const agents: { fate: HostFate } = { fate: () => undefined };
  const informer = createInformer({
    client,
    resource: KINDS.BackupSession,
    namespace,
    transform: parseBackupSession,
    indexes: {},
    onProblem: () => undefined,
  });
  const look = (session: BackupSession): void => {
    for (const [targetIndex, target] of (session.status?.targets ?? []).entries()) {
      for (const [hostIndex, host] of (target.stats ?? []).entries()) {
        if (host.podUID === undefined) continue;
        const fields = answer(session, host, agents.fate);
        const pointer = `/status/targets/${targetIndex}/stats/${hostIndex}`;
        if (fields !== undefined) void send(client, { session, pointer, host, fields });
      }
    }
  };
  informer.subscribe({ add: look, update: (_before, session) => look(session) });
  informer.start();
  await informer.hasSynced();
  return {
    get fate() {
      return agents.fate;
    },
    set fate(next) {
      agents.fate = next;
    },
    look: () => {
      for (const session of informer.list()) look(session);
    },
    stop: () => informer.stop(),
  };
}
