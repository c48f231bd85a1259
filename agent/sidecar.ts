/**
 * The idle sidecar: one watch on the sessions of its target. Each session that has work for this pod gets a process of its
 * own, so that what a backup needs of memory is gone when it ends, and a crash of it is a restart and not an end.
 */
import type { ChildProcess } from "node:child_process";
import { Command } from "../shared/contract.ts";
import { messageOf } from "../shared/errors.ts";
import { targetLabelKey } from "../shared/target.ts";
import { watch } from "./kube/watch.ts";
import { createTrimmer } from "./lean.ts";
import { parseBackupSession } from "./parse/backup-session.ts";
import { isObject } from "./parse/check.ts";
import type { AgentSettings } from "./settings.ts";
import { hasOpenWork, type TurnIdentity } from "./turn.ts";

/** A worker that ended while its session still has work is started again after this time, doubled after each failure. */
const RESTART_FIRST_MS = 1_000;
const RESTART_MAX_MS = 60_000;

interface Served {
  hasWork: boolean;
  /** Undefined while none runs. */
  worker: ChildProcess | undefined;
  isStarting: boolean;
  /** Workers that failed since the last good one. */
  failures: number;
  /** Runs out when the next worker may start. */
  pause: NodeJS.Timeout | undefined;
}

function nameOf(object: unknown): string {
  const metadata = isObject(object) && isObject(object["metadata"]) ? object["metadata"] : {};
  return typeof metadata["name"] === "string" ? metadata["name"] : "";
}

export interface SidecarOptions {
  readonly settings: AgentSettings;
  readonly self: TurnIdentity;
  readonly shutdown: AbortSignal;
  /** Program and script of the agent itself. */
  readonly workerArgv: readonly string[];
  /** The sidecar's own flags, which hold for its workers too. */
  readonly workerFlags: readonly string[];
}

/** Runs until the shutdown, then waits for the workers to end. */
export async function runSidecar(options: SidecarOptions): Promise<void> {
  const { settings, self, shutdown } = options;
  const { log } = settings;
  const sessions = new Map<string, Served>();
  const news = createTrimmer();

  async function startWorker(name: string, served: Served): Promise<void> {
    const isBusy = served.isStarting || served.worker !== undefined || served.pause !== undefined;
    if (shutdown.aborted || isBusy || !served.hasWork) return;
    served.isStarting = true;
    // Loaded when the first session comes.
    const { spawn } = await import("node:child_process");
    served.isStarting = false;
    // Meanwhile the pod may have been told to end, or the session have ended.
    if (shutdown.aborted || !served.hasWork) return;
    const [program = "", ...args] = options.workerArgv;
    // The pipe on stdin is never written: when this process dies, the worker reads its end.
    const worker = spawn(program, [...args, Command.Work, ...options.workerFlags, `--session=${name}`], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    served.worker = worker;
    log.info({ session: name, pid: worker.pid }, "worker started");
    worker.once("error", (error) => log.error({ session: name, error: messageOf(error) }, "worker can't be started"));
    worker.once("close", (code, signal) => {
      served.worker = undefined;
      log.info({ session: name, code, signal }, "worker ended");
      rest(name, served, code === 0);
    });
  }

  /** After a good end the next event usually says that nothing is left; the next start is for when it does not. */
  function rest(name: string, served: Served, isGood: boolean): void {
    served.failures = isGood ? 0 : served.failures + 1;
    if (!served.hasWork) sessions.delete(name);
    served.pause = setTimeout(
      () => {
        served.pause = undefined;
        void startWorker(name, served);
        news();
      },
      Math.min(RESTART_MAX_MS, RESTART_FIRST_MS * 2 ** served.failures),
    );
    news();
  }

  function forget(name: string): void {
    const served = sessions.get(name);
    if (served === undefined) return;
    served.hasWork = false;
    // Its worker sees for itself that the session is gone, and ends.
    if (served.worker === undefined) sessions.delete(name);
  }

  function take(object: unknown): void {
    const name = nameOf(object);
    let hasWork = false;
    try {
      hasWork = hasOpenWork(parseBackupSession(object), self);
    } catch (error) {
      log.error({ session: name, error: messageOf(error) }, "session can't be read");
    }
    if (!hasWork) {
      forget(name);
      return;
    }
    const served = sessions.get(name) ?? {
      hasWork,
      worker: undefined,
      isStarting: false,
      failures: 0,
      pause: undefined,
    };
    served.hasWork = true;
    sessions.set(name, served);
    void startWorker(name, served);
  }

  await watch(settings.identity, {
    kind: "BackupSession",
    namespace: settings.pod.namespace,
    labelSelector: `${targetLabelKey(settings.target)}=true`,
    signal: shutdown,
    log,
    onObject: take,
    onDeleted: (object) => forget(nameOf(object)),
    onListed(names) {
      for (const name of sessions.keys()) if (!names.has(name)) forget(name);
    },
    onContact: news,
  });
  for (const { pause } of sessions.values()) clearTimeout(pause);
  await Promise.all([...sessions.values()].map(({ worker }) => endWorker(worker)));
}

function endWorker(worker: ChildProcess | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return resolve();
    worker.once("close", () => resolve());
    worker.kill("SIGTERM");
  });
}
