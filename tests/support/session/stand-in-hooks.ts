/** Jobs of global hooks without a node: the program that runs in them, in this process, over the protocol of the real one. */
import { runHandler } from "../../../agent/hooks/run-handler.ts";
import { globalSummaryOf } from "../../../agent/work/hook-summary.ts";
import { type HostRun, parseHostRun } from "../../../shared/api/host-run.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { createInformer } from "../../../shared/kube/cache/informer.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";

/** Runs each hook that is ordered once, as its one pod would. */
export async function startStandInHooks(client: KubeClient, namespace: string): Promise<{ stop(): Promise<void> }> {
  const begun = new Set<string>();
  const informer = createInformer({
    client,
    resource: KINDS.HostRun,
    namespace,
    transform: parseHostRun,
    indexes: {},
    onProblem: () => undefined,
  });
  const look = async (run: HostRun): Promise<void> => {
    const { name, uid = "" } = run.metadata;
    if (run.spec.work !== "Hook" || begun.has(uid)) return;
    begun.add(uid);
    const context = { env: {}, podIp: undefined, summary: globalSummaryOf(run), now: () => new Date() };
    const { phase, message, output } = await runHandler(run.spec.hooks?.before ?? {}, context);
    const status = { phase, error: message || null, hooks: [{ type: "preBackup", phase, output }] };
    const patch = { kind: "merge", body: { metadata: { uid }, status } } as const;
    await client.patchStatus(KINDS.HostRun, namespace, name, patch, asIs).catch(() => undefined);
  };
  informer.subscribe({ add: (run) => void look(run), update: (_before, run) => void look(run) });
  informer.start();
  await informer.hasSynced();
  return { stop: () => informer.stop() };
}
