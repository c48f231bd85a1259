/** The Job of a drill that looks at what was restored: it serves one order, and ends. */
import { awaitOrder } from "../job/await-order.ts";
import { createApi } from "../kube/api.ts";
import { watchOwnRuns } from "../own-runs.ts";
import type { AgentSettings } from "../settings.ts";
import { isEnded } from "../turn.ts";
import { guardWork } from "../work/guard.ts";
import { createStopper } from "../work/stop.ts";
import { runVerifyTurn } from "./turn.ts";

/**
 * @returns whether what was found is told; the findings themselves stand in the host run
 * @throws UserError EXECUTOR_LOST when no order comes
 */
export async function serveVerify(settings: AgentSettings, shutdown: AbortSignal): Promise<boolean> {
  const { log, pod, identity } = settings;
  const order = await awaitOrder(settings, shutdown, ({ spec }) => spec.work === "Verify");
  if (isEnded(order)) return true;
  const end = new AbortController();
  const runs = watchOwnRuns({
    identity,
    namespace: pod.namespace,
    podUid: pod.uid,
    handed: order,
    signal: end.signal,
    log,
  });
  const stopper = createStopper();
  const stop = () => stopper.stop({ kind: "shutdown" });
  shutdown.addEventListener("abort", stop, { once: true });
  if (shutdown.aborted) stop();
  const unguard = guardWork(order, { runs, stopper, log });
  try {
    const phase = await runVerifyTurn(order, {
      settings,
      api: createApi(identity),
      runs,
      stopper,
      log,
      dead: () => [],
      now: () => new Date(),
    });
    return phase !== undefined;
  } finally {
    unguard();
    shutdown.removeEventListener("abort", stop);
    end.abort();
  }
}
