/** Serves the host runs of backups that this pod was given: its turns, then what is asked of it afterwards. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { createApi } from "../kube/api.ts";
import { trackRestic } from "../locks/running-restic.ts";
import { watchOwnRuns } from "../own-runs.ts";
import { runTryTurn } from "../restore/try-turn.ts";
import type { AgentSettings } from "../settings.ts";
import { nextTask, openActions, type Task } from "../turn.ts";
import { graceMs } from "./grace.ts";
import { guardWork } from "./guard.ts";
import { type HostPhase, runHostTurn } from "./host-turn.ts";
import { runActions } from "./run-actions.ts";
import { createStopper } from "./stop.ts";
import type { TurnPorts } from "./turn-ports.ts";

export interface ServeOptions {
  readonly settings: AgentSettings;
  /** Only this host run; all of the pod when undefined. */
  readonly name?: string;
  /** That host run as it was read just now. */
  readonly handed?: HostRun | undefined;
  /** Ends all work; the next start goes on. */
  readonly shutdown: AbortSignal;
  /** How long to stay after the work for more of it, in milliseconds; at most until the host run says that it is over. */
  readonly lingerMs: number;
  readonly defaultPaths: readonly string[];
  /** As in TurnPorts. */
  readonly saveHost?: TurnPorts["saveHost"];
  /** The turn is another's, as where another's program does the work. */
  readonly leavesTurns?: boolean;
}

/** How the last turn ended; undefined when there was none, or it was cut short. */
export interface ServeEnd {
  readonly phase: HostPhase | undefined;
}

/** Whether nothing will come any more: all host runs that there were are over or gone. */
function isAllOver(runs: readonly HostRun[], wasThere: boolean): boolean {
  return runs.length === 0 ? wasThere : runs.every(({ spec }) => spec.isOver === true);
}

async function carryOut(task: Task, ports: TurnPorts): Promise<HostPhase | undefined> {
  const { run, actions } = task;
  const { runs, stopper, log } = ports;
  const isWanted = (now: HostRun) => actions?.some((action) => openActions(now).includes(action)) === true;
  const unguard = guardWork(run, { runs, stopper, log, ...(actions !== undefined && { isWanted }) });
  try {
    if (run.spec.work === "TryRestore") return await runTryTurn(run, ports);
    if (actions === undefined) return await runHostTurn(run, ports);
    await runActions(run, actions, ports);
    return undefined;
  } finally {
    unguard();
  }
}

/** Serves until nothing is left to do. */
export async function serveBackups(options: ServeOptions): Promise<ServeEnd> {
  const { settings, shutdown, name, handed, lingerMs } = options;
  const { log, pod, identity } = settings;
  const end = new AbortController();
  const runs = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, handed, signal: end.signal, log });
  const api = createApi(identity);
  const processes = trackRestic(settings.scratch);
  await processes.settle(log);
  const done = new Set<string>();
  let wasThere = false;
  let phase: HostPhase | undefined;
  let idleSinceMs: number | undefined;
  while (!shutdown.aborted) {
    const all = runs.list();
    const own = all?.filter(({ metadata }) => name === undefined || metadata.name === name);
    if (own === undefined) {
      await runs.changed(shutdown);
      continue;
    }
    wasThere ||= own.length > 0 || name !== undefined;
    const task = nextTask(own, done, options.leavesTurns);
    if (task === undefined) {
      if (isAllOver(own, wasThere)) break;
      const leftMs = idleSinceMs === undefined ? Number.POSITIVE_INFINITY : idleSinceMs + lingerMs - performance.now();
      if (leftMs <= 0) break;
      const limit = Number.isFinite(leftMs)
        ? AbortSignal.any([shutdown, AbortSignal.timeout(Math.ceil(leftMs))])
        : shutdown;
      await runs.changed(limit);
      continue;
    }
    const stopper = createStopper();
    const goesOnMs = task.actions === undefined ? graceMs(task.run.spec.graceSeconds) : 0;
    let grace: NodeJS.Timeout | undefined;
    const onShutdown = () => {
      if (goesOnMs === 0) return stopper.stop({ kind: "shutdown" });
      log.info({ session: task.run.spec.run.name, goesOnMs }, "the pod is to end; the backup has its grace");
      grace = setTimeout(() => stopper.stop({ kind: "shutdown" }), goesOnMs);
    };
    shutdown.addEventListener("abort", onShutdown, { once: true });
    const ports: TurnPorts = {
      settings,
      api,
      runs,
      stopper,
      log,
      dead: processes.dead,
      now: () => new Date(),
      defaultPaths: options.defaultPaths,
      saveHost: options.saveHost,
    };
    try {
      const ended = await carryOut(task, ports);
      if (task.actions === undefined) phase = ended;
    } finally {
      shutdown.removeEventListener("abort", onShutdown);
      clearTimeout(grace);
    }
    for (const key of task.keys) done.add(key);
    idleSinceMs = performance.now();
  }
  end.abort();
  return { phase };
}
