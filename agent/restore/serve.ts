/** The init-container: waits for its turn, restores, and lets the application start. A job does the same once. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HostRun } from "../../shared/api/host-run.ts";
import { createApi } from "../kube/api.ts";
import { trackRestic } from "../locks/running-restic.ts";
import { type OwnRuns, watchOwnRuns } from "../own-runs.ts";
import type { AgentSettings } from "../settings.ts";
import { guardWork } from "../work/guard.ts";
import { createStopper } from "../work/stop.ts";
import { openBegunMark } from "./begun-mark.ts";
import { decideHostTurn } from "./decide.ts";
import { type RestoreTurnPorts, runRestoreTurn } from "./turn.ts";

const LOST_PAUSE_MS = 1_000;

export interface ServeRestoreOptions {
  readonly settings: AgentSettings;
  readonly shutdown: AbortSignal;
  readonly isVerified: boolean;
  /** Where paths of snapshots are restored below; `/` puts them back in place. */
  readonly targetFolder: string;
  /** A job tries once; an init-container stays until the application may start. */
  readonly isOneTurn: boolean;
  /** As in RestoreTurnPorts. */
  readonly restoreHost?: RestoreTurnPorts["restoreHost"];
  /** Is told why the container waits, when that changes. */
  onWait(why: string): void;
}

/** How the command ends: exit code and why. */
export interface RestoreEnd {
  readonly code: 0 | 1;
  readonly why: string;
}

/** Runs until the application may start, must not start, or the container is stopped. */
export async function serveRestore(options: ServeRestoreOptions): Promise<RestoreEnd> {
  const { settings, shutdown, isOneTurn } = options;
  const { identity, log, pod } = settings;
  const end = new AbortController();
  const own = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, signal: end.signal, log });
  const begun = openBegunMark(settings.scratch);
  const done = new Map<string, "Succeeded" | "Failed">();
  let wasThere = false;
  let lastWhy = "";
  try {
    while (!shutdown.aborted) {
      const runs = own.list();
      wasThere ||= (runs ?? []).length > 0;
      const decision = decideHostTurn({ runs, wasThere, isOneTurn, begun: begun.read() });
      if (decision.kind === "start") return { code: 0, why: decision.why };
      if (decision.kind === "fail") return { code: 1, why: decision.why };
      const key = decision.kind === "restore" ? (decision.run.metadata.uid ?? decision.run.metadata.name) : "";
      if (decision.kind === "restore" && !done.has(key)) {
        const phase = await runTurn(decision.run, own, options);
        if (phase !== undefined) done.set(key, phase);
        if (phase === "Succeeded") return { code: 0, why: "restored" };
        if (phase === "Failed" && isOneTurn) return { code: 1, why: "the restore failed" };
        // Not ours any more: the watch will say so in a moment.
        if (phase === undefined) await sleep(LOST_PAUSE_MS, undefined, { signal: shutdown }).catch(() => undefined);
        continue;
      }
      const why = decision.kind === "wait" ? decision.why : "the result is being taken note of";
      if (why !== lastWhy) options.onWait(why);
      lastWhy = why;
      await own.changed(shutdown);
    }
    return { code: 1, why: "the container was stopped" };
  } finally {
    end.abort();
  }
}

async function runTurn(
  run: HostRun,
  runs: OwnRuns,
  options: ServeRestoreOptions,
): Promise<"Succeeded" | "Failed" | undefined> {
  const { settings, shutdown } = options;
  const { log } = settings;
  const processes = trackRestic(settings.scratch);
  await processes.settle(log);
  const stopper = createStopper();
  const onShutdown = () => stopper.stop({ kind: "shutdown" });
  shutdown.addEventListener("abort", onShutdown, { once: true });
  const unguard = guardWork(run, { runs, stopper, log });
  try {
    return await runRestoreTurn(run, {
      settings,
      api: createApi(settings.identity),
      runs,
      stopper,
      dead: processes.dead,
      log,
      begun: openBegunMark(settings.scratch),
      isVerified: options.isVerified,
      targetFolder: options.targetFolder,
      restoreHost: options.restoreHost,
      now: () => new Date(),
    });
  } finally {
    unguard();
    shutdown.removeEventListener("abort", onShutdown);
  }
}
