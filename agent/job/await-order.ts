/** Waits for the host run that a job's pod was made for. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { UserError } from "../../shared/errors.ts";
import { watchOwnRuns } from "../own-runs.ts";
import type { AgentSettings } from "../settings.ts";

/** The order comes as soon as the pod is known; more than this is a sign that it will not. */
const ORDER_WAIT_MS = 5 * 60_000;

/** @throws UserError EXECUTOR_LOST when it does not come */
export async function awaitOrder(
  { identity, log, pod }: AgentSettings,
  shutdown: AbortSignal,
  isWanted: (run: HostRun) => boolean,
): Promise<HostRun> {
  const end = new AbortController();
  const runs = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, signal: end.signal, log });
  const limit = AbortSignal.any([shutdown, AbortSignal.timeout(ORDER_WAIT_MS)]);
  try {
    for (;;) {
      const order = runs.list()?.find(isWanted);
      if (order !== undefined) return order;
      if (limit.aborted) throw new UserError("EXECUTOR_LOST", "no host run was made for this job");
      await runs.changed(limit);
    }
  } finally {
    end.abort();
  }
}
