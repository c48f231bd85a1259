/** Runs a container's start-up, readiness and liveness probes while it runs. */
import { setTimeout as delay } from "node:timers/promises";
import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { type ActionTarget, runAction } from "./container-action.ts";

export interface ProbeListener {
  onStarted(): void;
  onReadiness(isReady: boolean): void;
  /** The container is to be killed and started again. */
  onUnhealthy(kind: "Startup" | "Liveness", message: string): void;
  onFailure(kind: "Startup" | "Liveness" | "Readiness", message: string): void;
}

/** Without probes a container is started and ready at once. Ends when the signal says so. */
export async function runProbes(
  container: V1Container,
  target: ActionTarget,
  listener: ProbeListener,
  signal: AbortSignal,
): Promise<void> {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  if (startupProbe) {
    await pause(startupProbe.initialDelaySeconds, signal);
    const hasStarted = await untilChange(startupProbe, target, signal, false, (message) =>
      listener.onFailure("Startup", message),
    );
    if (signal.aborted) return;
    if (!hasStarted.isHealthy) {
      listener.onUnhealthy("Startup", hasStarted.message);
      return;
    }
  }
  listener.onStarted();
  if (!readinessProbe) listener.onReadiness(true);
  await Promise.all([
    readinessProbe && watchReadiness(readinessProbe, target, listener, signal),
    livenessProbe && watchLiveness(livenessProbe, target, listener, signal),
  ]);
}

async function watchReadiness(
  probe: V1Probe,
  target: ActionTarget,
  listener: ProbeListener,
  signal: AbortSignal,
): Promise<void> {
  let isReady = false;
  await pause(probe.initialDelaySeconds, signal);
  while (!signal.aborted) {
    const verdict = await untilChange(probe, target, signal, isReady, (message) =>
      listener.onFailure("Readiness", message),
    );
    if (signal.aborted || verdict.isHealthy === isReady) continue;
    isReady = verdict.isHealthy;
    listener.onReadiness(isReady);
  }
}

async function watchLiveness(
  probe: V1Probe,
  target: ActionTarget,
  listener: ProbeListener,
  signal: AbortSignal,
): Promise<void> {
  await pause(probe.initialDelaySeconds, signal);
  const verdict = await untilChange(probe, target, signal, true, (message) => listener.onFailure("Liveness", message));
  if (!signal.aborted && !verdict.isHealthy) listener.onUnhealthy("Liveness", verdict.message);
}

interface Verdict {
  readonly isHealthy: boolean;
  readonly message: string;
}

/** Probes until enough answers in a row contradict `isHealthy`; a start-up probe also ends by enough failures. */
async function untilChange(
  probe: V1Probe,
  target: ActionTarget,
  signal: AbortSignal,
  isHealthy: boolean,
  onFailure: (message: string) => void,
): Promise<Verdict> {
  let successes = 0;
  let failures = 0;
  const isStartup = probe === target.container.startupProbe;
  while (!signal.aborted) {
    const failure = await runAction(target, probe, (probe.timeoutSeconds ?? 1) * 1_000).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : `${error}`),
    );
    if (signal.aborted) break;
    successes = failure === undefined ? successes + 1 : 0;
    failures = failure === undefined ? 0 : failures + 1;
    if (failure !== undefined) onFailure(failure);
    if (!isHealthy && successes >= (probe.successThreshold ?? 1)) return { isHealthy: true, message: "" };
    if ((isHealthy || isStartup) && failures >= (probe.failureThreshold ?? 3)) {
      return { isHealthy: false, message: failure ?? "" };
    }
    await pause(probe.periodSeconds ?? 10, signal);
  }
  return { isHealthy, message: "" };
}

async function pause(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  if (seconds !== undefined && seconds > 0) await delay(seconds * 1_000, undefined, { signal }).catch(() => undefined);
}
