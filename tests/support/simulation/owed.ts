/** What a simulated reconciler keeps of a hook that it starts. */
import { buildOwedRun } from "../../../reconciler/hooks/owed.ts";
import type { HookRun } from "../../../reconciler/hooks/plan.ts";
import type { HostRun } from "../../../shared/api/host-run.ts";

interface Simulated {
  readonly records: Map<string, HostRun>;
}

export function keepOwed({ records }: Simulated, hook: HookRun): void {
  if (hook.owes === undefined) return;
  const { pod, container, behindApp } = hook.place ?? {};
  const ranIn = behindApp === undefined ? undefined : { pod: `${behindApp}-0`, uid: `uid-${behindApp}-0` };
  const owner = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    namespace: "demo",
    name: "s",
    uid: "uid-session",
  };
  const run = buildOwedRun(owner, hook.key, hook.owes, { pod, container, behindApp, ranIn });
  records.set(run.metadata.name, run);
}
