/** The init-container: waits for its turn, restores, and lets the application start. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../shared/errors.ts";
import { createApi } from "../kube/api.ts";
import { trackRestic } from "../locks/running-restic.ts";
import { type AgentRestore, parseRestore } from "../parse/restore.ts";
import type { AgentSettings } from "../settings.ts";
import type { TurnIdentity } from "../turn.ts";
import { type ObjectView, viewObject } from "../work/object-view.ts";
import { createStopper, type Stopper } from "../work/stop.ts";
import { openBegunMark } from "./begun-mark.ts";
import { decideRestore, GONE_GRACE_MS, type OnMissing, type RestoreTurn } from "./decide-restore.ts";
import { restoreObject } from "./restore-object.ts";
import { type RestoreTurnPorts, runRestoreTurn } from "./restore-turn.ts";

/** A job has nothing to wait for then. */
const ENDED: readonly string[] = ["Failed", "Unknown", "Invalid"];
const LOST_PAUSE_MS = 1_000;

export interface ServeRestoreOptions {
  readonly settings: AgentSettings;
  readonly self: TurnIdentity;
  readonly invoker: { readonly kind: string; readonly name: string };
  readonly shutdown: AbortSignal;
  readonly onMissing: OnMissing;
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

/** Stops the work when the restore goes, fails as a whole, or passes its deadline. */
function guard(view: ObjectView<AgentRestore>, stopper: Stopper): () => void {
  let deadline: NodeJS.Timeout | undefined;
  function look(): void {
    const state = view.state();
    if (state.kind === "gone") stopper.stop({ kind: "lost" });
    if (state.kind !== "present") return;
    const { phase, deadline: text } = state.object;
    const error = (message: string) => new UserError("DEADLINE_EXCEEDED", message);
    if (phase === "Failed") stopper.stop({ kind: "failed", error: error("the restore ended before the host did") });
    const leftMs = text === undefined ? Number.NaN : Date.parse(text) - Date.now();
    if (deadline !== undefined || !(leftMs < 2 ** 31)) return;
    deadline = setTimeout(
      () => stopper.stop({ kind: "failed", error: error(`the deadline ${text} passed`) }),
      Math.max(0, leftMs),
    );
  }
  const unlisten = view.onChange(look);
  look();
  return () => {
    unlisten();
    clearTimeout(deadline);
  };
}

function keyOf(turn: RestoreTurn): string {
  return `${turn.pointer}#${turn.entry.attempt ?? 1}#${turn.entry.podUID ?? ""}`;
}

/** Runs until the application may start, must not start, or the container is stopped. */
export async function serveRestore(options: ServeRestoreOptions): Promise<RestoreEnd> {
  const { settings, self, shutdown } = options;
  const { identity, log, pod } = settings;
  const end = new AbortController();
  const object = restoreObject(options.invoker.kind, pod.namespace, options.invoker.name);
  const view = viewObject({ identity, ...object, signal: end.signal, log, parse: parseRestore });
  const begun = openBegunMark(settings.scratch);
  const done = new Map<string, "Succeeded" | "Failed">();
  let lastWhy = "";
  let goneSinceMs: number | undefined;
  try {
    while (!shutdown.aborted) {
      const state = view.state();
      goneSinceMs = state.kind === "gone" ? (goneSinceMs ?? performance.now()) : undefined;
      const goneMs = goneSinceMs === undefined ? 0 : performance.now() - goneSinceMs;
      const { onMissing } = options;
      const decision = decideRestore({ state, self, pod, onMissing, goneMs, begun: begun.read() });
      if (decision.kind === "start") return { code: 0, why: decision.why };
      if (decision.kind === "fail") return { code: 1, why: decision.why };
      if (decision.kind === "restore" && state.kind === "present" && !done.has(keyOf(decision.turn))) {
        const phase = await runTurn(state.object, decision.turn, view, options);
        if (phase !== undefined) done.set(keyOf(decision.turn), phase);
        if (phase === "Succeeded") return { code: 0, why: "restored" };
        if (phase === "Failed" && options.isOneTurn) return { code: 1, why: "the restore failed" };
        // Not ours any more: the watch will say so in a moment.
        if (phase === undefined) await sleep(LOST_PAUSE_MS, undefined, { signal: shutdown }).catch(() => undefined);
        continue;
      }
      if (options.isOneTurn && state.kind === "present" && ENDED.includes(state.object.phase ?? "")) {
        return { code: 1, why: `the restore ended with phase ${state.object.phase}` };
      }
      const why = decision.kind === "wait" ? decision.why : "the result is being taken note of";
      if (why !== lastWhy) options.onWait(why);
      lastWhy = why;
      // A timer may end a moment early.
      const limit = state.kind === "gone" ? AbortSignal.timeout(Math.ceil(GONE_GRACE_MS - goneMs) + 1) : undefined;
      await view.changed(limit === undefined ? shutdown : AbortSignal.any([shutdown, limit]));
    }
    return { code: 1, why: "the container was stopped" };
  } finally {
    end.abort();
  }
}

async function runTurn(
  restore: AgentRestore,
  turn: RestoreTurn,
  view: ObjectView<AgentRestore>,
  options: ServeRestoreOptions,
): Promise<"Succeeded" | "Failed" | undefined> {
  const { settings, shutdown } = options;
  const processes = trackRestic(settings.scratch);
  await processes.settle(settings.log);
  const stopper = createStopper();
  const onShutdown = () => stopper.stop({ kind: "shutdown" });
  shutdown.addEventListener("abort", onShutdown, { once: true });
  const unguard = guard(view, stopper);
  try {
    return await runRestoreTurn(restore, turn, {
      settings,
      api: createApi(settings.identity),
      view,
      stopper,
      dead: processes.dead,
      log: settings.log,
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
