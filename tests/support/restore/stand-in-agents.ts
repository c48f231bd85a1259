/**
 * Agents without data, as those of sessions: they take the host runs of restores, and look for recovery points, over the
 * protocol that the real agents use. For tests of the reconciler alone; nothing is restored.
 */
import { type HostRun, parseHostRun } from "../../../shared/api/host-run.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { createInformer } from "../../../shared/kube/cache/informer.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { startStandInHooks } from "../session/stand-in-hooks.ts";

/** How a host's restore ends; undefined succeeds. */
export type RestoreFate = (
  restore: RestoreBatch,
  host: { readonly hostname: string; readonly podUID: string; readonly attempt: number },
) => { readonly reason: string; readonly error: string } | undefined;

export interface StandInRestoreAgents {
  stop(): Promise<void>;
}

const SNAPSHOTS = [
  { kind: "StatefulSet", name: "db", hostname: "db-0" },
  { kind: "StatefulSet", name: "db", hostname: "db-1" },
  { kind: "Deployment", name: "web", hostname: "web" },
] as const;

/** What the job finds that looks for recovery points. */
function found({ metadata, spec }: HostRun): object {
  const { namespace } = metadata;
  const snapshots = SNAPSHOTS.map(({ kind, name, hostname }) => ({
    target: { kind, name, namespace },
    hostname,
    path: "/data",
    id: `of-${hostname}`,
  }));
  const points = [{ namespace, session: spec.search?.session, time: "2024-01-01T00:00:00Z", snapshots }];
  const finishedAt = new Date().toISOString();
  return { phase: "Succeeded", pointSearch: { generation: spec.search?.generation, finishedAt, found: 1, points } };
}

function answer(run: HostRun, restore: RestoreBatch, fate: RestoreFate): object | undefined {
  const { spec, status } = run;
  if (status?.phase !== undefined || spec.cancel !== undefined || spec.release !== undefined) return undefined;
  if (spec.search !== undefined) return found(run);
  if (spec.work !== "Restore") return undefined;
  const finishedAt = new Date().toISOString();
  const failure = fate(restore, { hostname: spec.host, podUID: spec.pod.uid, attempt: spec.attempt ?? 1 });
  if (failure !== undefined) return { phase: "Failed", finishedAt, ...failure };
  return { phase: "Succeeded", finishedAt, restored: [{ id: "5eed", path: "/data" }] };
}

/** Starts the agents of all pods of a namespace. */
export async function startStandInRestoreAgents(
  client: KubeClient,
  namespace: string,
  fate: RestoreFate,
): Promise<StandInRestoreAgents> {
  const informer = createInformer({
    client,
    resource: KINDS.HostRun,
    namespace,
    transform: parseHostRun,
    indexes: {},
    onProblem: () => undefined,
  });
  const look = async (run: HostRun): Promise<void> => {
    const { name, uid } = run.metadata;
    const restore = await client.find(KINDS.RestoreBatch, namespace, run.spec.run.name, parseRestoreBatch);
    const status = restore && answer(run, restore, fate);
    if (status === undefined) return;
    // A report that comes too late is repeated with the next change of the host run.
    const patch = { kind: "merge", body: { metadata: { uid }, status } } as const;
    await client.patchStatus(KINDS.HostRun, namespace, name, patch, asIs).catch(() => undefined);
  };
  informer.subscribe({ add: (run) => void look(run), update: (_before, run) => void look(run) });
  const hooks = await startStandInHooks(client, namespace);
  informer.start();
  await informer.hasSynced();
  return {
    stop: async () => {
      await Promise.all([informer.stop(), hooks.stop()]);
    },
  };
}
