/**
 * The idle sidecar: one watch on the host runs of its pod. Each that has work gets a process of its own, so that what a backup
 * needs of memory is gone when it ends, and a crash of it is a restart and not an end.
 */
import type { ChildProcess } from "node:child_process";
import type { HostRun } from "../shared/api/host-run.ts";
import { type Backoff, doubledMs } from "../shared/backoff.ts";
import { Command } from "../shared/contract.ts";
import { messageOf } from "../shared/errors.ts";
import { createTrimmer } from "./lean.ts";
import { watchOwnRuns } from "./own-runs.ts";
import type { AgentSettings } from "./settings.ts";
import { hasOpenWork, isTurn } from "./turn.ts";

/** A worker that ended while its session still has work is started again after this time, doubled after each failure. */
const RESTART: Backoff = { baseMs: 1_000, maxMs: 60_000 };

interface Served {
  hasWork: boolean;
  /** Undefined while none runs. */
  worker: ChildProcess | undefined;
  isStarting: boolean;
  /** Whether a worker was started for it. */
  isKnown: boolean;
  /** Workers that failed since the last good one. */
  failures: number;
  /** Runs out when the next worker may start. */
  pause: NodeJS.Timeout | undefined;
}

export interface SidecarOptions {
  readonly settings: AgentSettings;
  readonly shutdown: AbortSignal;
  /** Program and script of the agent itself. */
  readonly workerArgv: readonly string[];
  /** The sidecar's own flags, which hold for its workers too. */
  readonly workerFlags: readonly string[];
}

/** Runs until the shutdown, then waits for the workers to end. */
export async function runSidecar(options: SidecarOptions): Promise<void> {
  const { settings, shutdown } = options;
  const { log } = settings;
  const served = new Map<string, Served>();
  const news = createTrimmer();

  async function startWorker(name: string, one: Served): Promise<void> {
    const isBusy = one.isStarting || one.worker !== undefined || one.pause !== undefined;
    if (shutdown.aborted || isBusy || !one.hasWork) return;
    one.isStarting = true;
    // Loaded when the first work comes.
    const { spawn } = await import("node:child_process");
    one.isStarting = false;
    // Meanwhile the pod may have been told to end, or the work have ended.
    if (shutdown.aborted || !one.hasWork) return;
    const [program = "", ...args] = options.workerArgv;
    const worker = spawn(program, [...args, Command.Work, ...options.workerFlags, `--host-run=${name}`], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    one.worker = worker;
    // One line, then nothing: when this process dies, the worker reads the end.
    worker.stdin.on("error", () => undefined);
    const run = runs.get(name);
    const isFresh = !one.isKnown && run !== undefined && isUntouched(run);
    worker.stdin.write(`${isFresh ? JSON.stringify(run) : ""}\n`);
    one.isKnown = true;
    log.info({ hostRun: name, pid: worker.pid }, "worker started");
    worker.once("error", (error) => log.error({ hostRun: name, error: messageOf(error) }, "worker can't be started"));
    worker.once("close", (code, signal) => {
      one.worker = undefined;
      log.info({ hostRun: name, code, signal }, "worker ended");
      rest(name, one, code === 0);
    });
  }

  /** After a good end the next event usually says that nothing is left; the next start is for when it does not. */
  function rest(name: string, one: Served, isGood: boolean): void {
    one.failures = isGood ? 0 : one.failures + 1;
    if (!one.hasWork) served.delete(name);
    // Nothing starts any more, and a timer would keep this process, and its pod, for as long as it runs.
    if (shutdown.aborted) return;
    one.pause = setTimeout(
      () => {
        one.pause = undefined;
        void startWorker(name, one);
        news();
      },
      doubledMs(RESTART, one.failures),
    );
    news();
  }

  function forget(name: string): void {
    const one = served.get(name);
    if (one === undefined) return;
    one.hasWork = false;
    // Its worker sees for itself that there is nothing left, and ends.
    if (one.worker === undefined) served.delete(name);
  }

  const runs = watchOwnRuns({
    identity: settings.identity,
    namespace: settings.pod.namespace,
    podUid: settings.pod.uid,
    signal: shutdown,
    log,
    onContact: news,
  });
  runs.onChange(() => {
    const withWork = new Set((runs.list() ?? []).filter(hasOpenWork).map(({ metadata }) => metadata.name));
    for (const name of [...served.keys()]) if (!withWork.has(name)) forget(name);
    for (const name of withWork) {
      const one = served.get(name) ?? {
        hasWork: true,
        worker: undefined,
        isStarting: false,
        isKnown: false,
        failures: 0,
        pause: undefined,
      };
      one.hasWork = true;
      served.set(name, one);
      void startWorker(name, one);
    }
  });
  await runs.ended;
  for (const { pause } of served.values()) clearTimeout(pause);
  await Promise.all([...served.values()].map(({ worker }) => endWorker(worker)));
}

/** Nobody told anything of it. A worker reads for itself what another may have told: the watch here can be behind that. */
function isUntouched(run: HostRun): boolean {
  return isTurn(run) && run.status?.phase === undefined;
}

function endWorker(worker: ChildProcess | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return resolve();
    worker.once("close", () => resolve());
    worker.kill("SIGTERM");
  });
}
