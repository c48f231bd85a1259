/** Starts one container, watches it, starts it again by the pod's restart policy with growing pauses, and stops it. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Container } from "@kubernetes/client-node";
import type { ProcessExit, RunningProcess } from "../sandbox/container-process.ts";
import type { ProcessUser } from "../sandbox/container-script.ts";
import { type ActionTarget, runAction } from "./container-action.ts";
import type { ContainerFacts, TerminatedState } from "./container-facts.ts";
import type { ContainerLog } from "./container-log.ts";
import { describeExit, describeStartFailure, isRestartedAfter, type RestartPolicy } from "./container-outcome.ts";
import { runProbes } from "./container-probes.ts";

/** A container that runs, with what later commands in it need. */
export interface LiveContainer {
  readonly process: RunningProcess;
  readonly log: ContainerLog;
  readonly user: ProcessUser;
  readonly env: ReadonlyMap<string, string>;
  readonly workingDir: string;
  /** Folder of this machine that belongs to the container. */
  readonly pipesDir: string;
}

/** What the supervisor needs of its pod. */
export interface ContainerHost {
  /** The pod's own grace period, for containers that a probe or hook ends. */
  readonly graceSeconds: number;
  /** @throws ImageMissingError, ContainerConfigError, ProcessStartError */
  start(container: V1Container, restartCount: number): Promise<LiveContainer>;
  exec(live: LiveContainer, argv: readonly string[], timeoutMs: number): Promise<{ exitCode: number; output: string }>;
  /** What the container left as its termination message. */
  readMessage(container: V1Container, exit: ProcessExit, restartCount: number): Promise<string | undefined>;
  podIp(): string;
  onChange(): void;
  recordEvent(type: "Normal" | "Warning", reason: string, message: string, container: string): void;
}

/** A kubelet pauses 10 s to 5 min; tests want to see several restarts within seconds. */
const BACK_OFF_MS = { first: 1_000, most: 30_000, forgetAfter: 600_000 } as const;
const RETRY_START_MS = 1_000;

export class ContainerSupervisor {
  readonly container: V1Container;
  readonly #host: ContainerHost;
  readonly #policy: RestartPolicy;
  readonly #stopping = new AbortController();
  #facts: ContainerFacts;
  #live: LiveContainer | undefined;
  #backOffMs = 0;

  /** @param before facts of an earlier life of the node: its restarts count on, and who ended for good stays so */
  constructor(host: ContainerHost, container: V1Container, policy: RestartPolicy, before: ContainerFacts) {
    this.#host = host;
    this.container = container;
    this.#policy = policy;
    this.#facts = before;
  }

  get facts(): ContainerFacts {
    return this.#facts;
  }

  get live(): LiveContainer | undefined {
    return this.#live;
  }

  /** Resolves when the container will not run again: its policy says so, or it was stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    if (this.#facts.state.kind === "terminated") return;
    while (!signal.aborted) {
      const ended = await this.#runOnce();
      if (ended === undefined) {
        await this.#pause(RETRY_START_MS);
        continue;
      }
      if (signal.aborted || !isRestartedAfter(this.#policy, ended.exitCode)) return;
      await this.#backOff(ended);
    }
  }

  /**
   * Ends the container for good: preStop hook, SIGTERM, and SIGKILL when the grace is over.
   *
   * @returns after the process has ended
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#endProcess(graceMs);
  }

  /** @returns undefined when the container waits for something before it can start */
  async #runOnce(): Promise<TerminatedState | undefined> {
    const { name } = this.container;
    const run = { startedAt: formatNow(), containerId: `process-node://${randomBytes(32).toString("hex")}` };
    let live: LiveContainer;
    try {
      live = await this.#host.start(this.container, this.#facts.restartCount);
    } catch (error) {
      const state = describeStartFailure(error, run, this.#facts.state, formatNow());
      this.#set({ state });
      this.#host.recordEvent("Warning", "Failed", `${state.reason}: ${state.message}`, name);
      return state.kind === "terminated" ? state : undefined;
    }
    this.#live = live;
    this.#set({ state: { kind: "running", ...run }, isReady: false, isStarted: false });
    this.#host.recordEvent("Normal", "Started", `Started container ${name}`, name);
    const probing = new AbortController();
    const watching = this.#watchHealth(live, probing.signal);
    if (this.#stopping.signal.aborted) live.process.kill("SIGKILL");
    const exit = await live.process.exited;
    probing.abort();
    await watching;
    live.log.close();
    this.#live = undefined;
    const message = await this.#host.readMessage(this.container, exit, this.#facts.restartCount);
    const state = describeExit(exit, message, run, formatNow());
    if (Date.parse(state.finishedAt) - Date.parse(run.startedAt) > BACK_OFF_MS.forgetAfter) this.#backOffMs = 0;
    this.#set({ state, isReady: false, isStarted: false });
    return state;
  }

  async #watchHealth(live: LiveContainer, signal: AbortSignal): Promise<void> {
    const { container } = this;
    const target = this.#target(live);
    const record = this.#host.recordEvent.bind(this.#host);
    const { postStart } = container.lifecycle ?? {};
    if (postStart) {
      try {
        await runAction(target, postStart, 60_000);
      } catch (error) {
        if (signal.aborted) return;
        record("Warning", "FailedPostStartHook", `${error}`, container.name);
        await this.#endProcess(this.#livenessGraceMs());
        return;
      }
    }
    await runProbes(
      container,
      target,
      {
        onStarted: () => this.#set({ isStarted: true }),
        onReadiness: (isReady) => this.#set({ isReady }),
        onFailure: (kind, message) =>
          record("Warning", "Unhealthy", `${kind} probe failed: ${message}`, container.name),
        onUnhealthy: (kind) => {
          record("Normal", "Killing", `Container ${container.name} failed ${kind.toLowerCase()} probe`, container.name);
          void this.#endProcess(this.#livenessGraceMs());
        },
      },
      signal,
    );
  }

  #livenessGraceMs(): number {
    return (this.container.livenessProbe?.terminationGracePeriodSeconds ?? this.#host.graceSeconds) * 1_000;
  }

  async #endProcess(graceMs: number): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    const deadline = Date.now() + graceMs;
    const { preStop } = this.container.lifecycle ?? {};
    if (preStop && graceMs > 0) {
      await runAction(this.#target(live), preStop, graceMs).catch((error: unknown) =>
        this.#host.recordEvent("Warning", "FailedPreStopHook", `${error}`, this.container.name),
      );
    }
    const waiting = new AbortController();
    const ended = live.process.exited.then(() => waiting.abort());
    if (graceMs > 0) live.process.kill("SIGTERM");
    await delay(Math.max(0, deadline - Date.now()), undefined, { signal: waiting.signal }).catch(() => undefined);
    if (!waiting.signal.aborted) live.process.kill("SIGKILL");
    await ended;
  }

  #target(live: LiveContainer): ActionTarget {
    return {
      container: this.container,
      podIp: this.#host.podIp(),
      exec: (argv, timeoutMs) => this.#host.exec(live, argv, timeoutMs),
    };
  }

  /** The first restart comes at once, as a kubelet's does. */
  async #backOff(ended: TerminatedState): Promise<void> {
    if (this.#backOffMs > 0) {
      const message = `back-off ${this.#backOffMs / 1_000}s restarting failed container=${this.container.name}`;
      this.#set({ last: ended, state: { kind: "waiting", reason: "CrashLoopBackOff", message } });
      this.#host.recordEvent("Warning", "BackOff", "Back-off restarting failed container", this.container.name);
      await this.#pause(this.#backOffMs);
    }
    this.#backOffMs = Math.min(this.#backOffMs === 0 ? BACK_OFF_MS.first : this.#backOffMs * 2, BACK_OFF_MS.most);
    if (!this.#stopping.signal.aborted) this.#set({ last: ended, restartCount: this.#facts.restartCount + 1 });
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  #set(change: Partial<ContainerFacts>): void {
    this.#facts = { ...this.#facts, ...change };
    this.#host.onChange();
  }
}

function formatNow(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
