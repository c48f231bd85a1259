/**
 * Agents without data, as those of sessions: they take the turns that restores give to pods, and look for recovery points, over
 * the protocol that the real agents use. For tests of the reconciler alone; nothing is restored.
 */
import type { RestoreHostStats } from "../../../shared/api/host-stats.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client.ts";
import { createInformer } from "../../../shared/kube/informer.ts";
import type { JsonPatchOperation } from "../../../shared/kube/patch.ts";

/** How a host's restore ends; undefined succeeds. */
export type RestoreFate = (
  restore: RestoreBatch,
  host: RestoreHostStats,
) => { readonly reason: string; readonly error: string } | undefined;

export interface StandInRestoreAgents {
  stop(): Promise<void>;
}

const SNAPSHOTS = [
  { kind: "StatefulSet", name: "db", hostname: "db-0" },
  { kind: "StatefulSet", name: "db", hostname: "db-1" },
  { kind: "Deployment", name: "web", hostname: "web" },
] as const;

function answer(restore: RestoreBatch, host: RestoreHostStats, fate: RestoreFate) {
  if (host.phase !== "Pending" || host.podUID === undefined) return undefined;
  const finishedAt = new Date().toISOString();
  const failure = fate(restore, host);
  if (failure !== undefined) return { phase: "Failed", finishedAt, ...failure };
  return { phase: "Succeeded", finishedAt, snapshots: [{ id: "5eed", path: "/data" }] };
}

/** What the job finds that looks for recovery points. */
function found(restore: RestoreBatch): readonly JsonPatchOperation[] {
  const { metadata, spec, status } = restore;
  const isWanted = spec.session !== undefined && status?.repository !== undefined && status.startTime === undefined;
  if (!isWanted || status.pointSearch !== undefined) return [];
  const { namespace, generation = 0, uid } = metadata;
  const snapshots = SNAPSHOTS.map(({ kind, name, hostname }) => ({
    target: { kind, name, namespace },
    hostname,
    path: "/data",
    id: `of-${hostname}`,
  }));
  const points = [{ namespace, session: spec.session, time: "2024-01-01T00:00:00Z", snapshots }];
  const value = { generation, finishedAt: new Date().toISOString(), found: 1, points };
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "add", path: "/status/pointSearch", value },
  ];
}

function reports(restore: RestoreBatch, fate: RestoreFate): readonly (readonly JsonPatchOperation[])[] {
  const { members = [] } = restore.status ?? {};
  return members.flatMap(({ stats = [] }, member) =>
    stats.flatMap((host, at): (readonly JsonPatchOperation[])[] => {
      const fields = answer(restore, host, fate);
      if (fields === undefined) return [];
      const pointer = `/status/members/${member}/stats/${at}`;
      return [
        [
          { op: "test", path: "/metadata/uid", value: restore.metadata.uid },
          { op: "test", path: `${pointer}/podUID`, value: host.podUID },
          { op: "test", path: `${pointer}/phase`, value: "Pending" },
          ...Object.entries(fields).map(([key, value]) => ({ op: "add", path: `${pointer}/${key}`, value }) as const),
        ],
      ];
    }),
  );
}

/** Starts the agents of all pods of a namespace. */
export async function startStandInRestoreAgents(
  client: KubeClient,
  namespace: string,
  fate: RestoreFate,
): Promise<StandInRestoreAgents> {
  const informer = createInformer({
    client,
    resource: KINDS.RestoreBatch,
    namespace,
    transform: parseRestoreBatch,
    indexes: {},
    onProblem: () => undefined,
  });
  const send = async (name: string, operations: readonly JsonPatchOperation[]): Promise<void> => {
    // A report that comes too late is repeated with the next change of the restore.
    await client
      .patchStatus(KINDS.RestoreBatch, namespace, name, { kind: "json", operations }, asIs)
      .catch(() => undefined);
  };
  const look = (restore: RestoreBatch): void => {
    const looked = found(restore);
    const all = [...reports(restore, fate), ...(looked.length > 0 ? [looked] : [])];
    for (const operations of all) void send(restore.metadata.name, operations);
  };
  informer.subscribe({ add: look, update: (_before, restore) => look(restore) });
  informer.start();
  await informer.hasSynced();
  return { stop: () => informer.stop() };
}
