/** Everything that one agent does for one backup session: its turns, then what is asked of it afterwards. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import { UserError } from "../../shared/errors.ts";
import { createApi } from "../kube/api.ts";
import { trackRestic } from "../locks/running-restic.ts";
import { type AgentBackupSession, parseBackupSession } from "../parse/backup-session.ts";
import type { AgentSettings } from "../settings.ts";
import {
  isFinalSession,
  isSameEntry,
  isTurn,
  type OwnEntry,
  openActions,
  ownEntries,
  type TurnIdentity,
} from "../turn.ts";
import { type HostPhase, runHostTurn } from "./host-turn.ts";
import { viewObject } from "./object-view.ts";
import { runActions } from "./run-actions.ts";
import { createStopper } from "./stop.ts";
import type { TurnPorts } from "./turn-ports.ts";

export interface ServeOptions {
  readonly settings: AgentSettings;
  readonly self: TurnIdentity;
  readonly sessionName: string;
  /** Ends all work; the next start goes on. */
  readonly shutdown: AbortSignal;
  /** Whether to stay after the turn for work on the repository, until the session is final. */
  readonly isLingering: boolean;
  readonly defaultPaths: readonly string[];
  /** As in TurnPorts. */
  readonly saveHost?: TurnPorts["saveHost"];
  /** A maintenance job leaves turns to others. */
  readonly isMaintenance?: boolean;
}

type Task =
  | { readonly kind: "turn"; readonly own: OwnEntry; readonly keys: readonly string[] }
  | {
      readonly kind: "actions";
      readonly own: OwnEntry;
      readonly actions: readonly HostAction[];
      readonly keys: readonly string[];
    };

/** What is to be done next. `done` holds what this process did already: the watch may lag behind its own writes. */
export function nextTask(
  session: AgentBackupSession,
  self: TurnIdentity,
  done: ReadonlySet<string>,
  isMaintenance = false,
): Task | undefined {
  const tasks = ownEntries(session, self).flatMap((own): Task[] => {
    const key = `${own.pointer}#${own.entry.attempt ?? 1}#${own.entry.podUID ?? ""}`;
    if (isTurn(own.entry)) return isMaintenance || done.has(key) ? [] : [{ kind: "turn", own, keys: [key] }];
    // One by one: the watch may show the end of some, and not yet that of the others.
    const actions = openActions(own.entry).filter((action) => !done.has(`${key}#${action}`));
    const keys = actions.map((action) => `${key}#${action}`);
    return actions.length > 0 ? [{ kind: "actions", own, actions, keys }] : [];
  });
  return tasks[0];
}

/** Stops the work when the session ends or goes, its deadline passes, or the entry is given to another pod. */
function guard(own: OwnEntry, ports: TurnPorts): () => void {
  const { stopper, log } = ports;
  let deadline: NodeJS.Timeout | undefined;
  function look(): void {
    const state = ports.view.state();
    if (state.kind === "gone") stopper.stop({ kind: "lost" });
    if (state.kind !== "present") return;
    if (!isSameEntry(state.object, own)) stopper.stop({ kind: "lost" });
    if (isFinalSession(state.object)) {
      stopper.stop({
        kind: "failed",
        error: new UserError("DEADLINE_EXCEEDED", "the session ended before the host did"),
      });
    }
    const text = state.object.status?.sessionDeadline;
    if (text === undefined || deadline !== undefined) return;
    const leftMs = Math.max(0, Date.parse(text) - ports.now().getTime());
    // Longer waits than a timer can hold are left to the reconciler.
    if (leftMs > 2 ** 31 - 1) return;
    deadline = setTimeout(() => {
      log.warn({ deadline: text }, "deadline passed");
      stopper.stop({ kind: "failed", error: new UserError("DEADLINE_EXCEEDED", `the deadline ${text} passed`) });
    }, leftMs);
  }
  const unlisten = ports.view.onChange(look);
  look();
  return () => {
    unlisten();
    clearTimeout(deadline);
  };
}

/** How the last turn ended; undefined when there was none, or it was cut short. */
export interface ServeEnd {
  readonly phase: HostPhase | undefined;
}

/** Serves until nothing is left to do: the session is final or gone, or the work is done and nobody lingers. */
export async function serveSession(options: ServeOptions): Promise<ServeEnd> {
  const { settings, self, shutdown } = options;
  const log = settings.log;
  const end = new AbortController();
  const view = viewObject({
    identity: settings.identity,
    kind: "BackupSession",
    namespace: settings.pod.namespace,
    name: options.sessionName,
    signal: end.signal,
    log,
    parse: parseBackupSession,
  });
  const api = createApi(settings.identity);
  const processes = trackRestic(settings.scratch);
  await processes.settle(log);
  const done = new Set<string>();
  let didWork = false;
  let phase: HostPhase | undefined;
  while (!shutdown.aborted) {
    const state = view.state();
    if (state.kind === "gone") break;
    if (state.kind === "unknown") {
      await view.changed(shutdown);
      continue;
    }
    if (isFinalSession(state.object)) break;
    const task = nextTask(state.object, self, done, options.isMaintenance === true);
    if (task === undefined) {
      if (didWork && !options.isLingering) break;
      await view.changed(shutdown);
      continue;
    }
    const stopper = createStopper();
    const onShutdown = () => stopper.stop({ kind: "shutdown" });
    shutdown.addEventListener("abort", onShutdown, { once: true });
    const ports: TurnPorts = {
      settings,
      api,
      view,
      stopper,
      log,
      dead: processes.dead,
      now: () => new Date(),
      defaultPaths: options.defaultPaths,
      saveHost: options.saveHost,
    };
    const unguard = guard(task.own, ports);
    try {
      if (task.kind === "turn") phase = await runHostTurn(state.object, task.own, ports);
      else await runActions(state.object, task.own, task.actions, ports);
    } finally {
      unguard();
      shutdown.removeEventListener("abort", onShutdown);
    }
    for (const key of task.keys) done.add(key);
    didWork = true;
  }
  end.abort();
  return { phase };
}
