/** Carries hooks out, each within its time: commands through the API server's exec, global hooks in a Job. */
import { randomUUID } from "node:crypto";
import { type Clock, sleep } from "../../shared/clock.ts";
import { formatUserError, messageOf, UserError } from "../../shared/errors.ts";
import { keepEnds } from "../../shared/hooks/bounded-text.ts";
import { HookFailure } from "../../shared/hooks/failure.ts";
import { renderCommand } from "../../shared/hooks/render.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import { isEndUnknown, type PodExec } from "../../shared/kube/exec/pod.ts";
import type { Logger } from "../../shared/log.ts";
import { execIn, requireInside } from "../authority.ts";
import {
  CONNECTION_ENDED,
  type HookOutcome,
  type HookPlace,
  type HookRun,
  type HookRuns,
  POD_GONE_PREFIX,
  PROCESS_ENDED,
} from "./plan.ts";
import { NotBegunError, untilBegun } from "./until-begun.ts";

export interface HookRunnerPorts {
  readonly exec: PodExec;
  readonly clock: Clock;
  readonly log: Logger;
  /** Finds the pod behind a place's AppBinding. @throws UserError HOOK_FAILED when there is none */
  readonly resolvePlace: (place: HookPlace, signal: AbortSignal) => Promise<HookPlace>;
  /** What is told of a command's failure in a place. */
  readonly explain: (place: HookPlace, error: unknown, signal: AbortSignal) => Promise<unknown>;
  /** Runs a global hook in a Job of its run's namespace. @returns what it printed */
  readonly runGlobal: (run: HookRun, signal: AbortSignal) => Promise<string>;
}

interface Prepared {
  readonly run: HookRun;
  readonly sinceMs: number;
}

/** Until the watch tells too that a pod is gone, behind an API server that has just started: else the same pod is tried again at once. */
const POD_GONE_PAUSE_MS = 2_000;

/** The longest that a hook may take, with the time in which it may begin. */
function mostMs({ beginWithinMs = 0, timeoutMs }: HookRun): number {
  return beginWithinMs + timeoutMs;
}

export class HookRunner {
  readonly #id = randomUUID();
  readonly #ports: HookRunnerPorts;
  readonly #prepared = new Map<string, Prepared>();
  readonly #running = new Map<string, AbortController>();
  readonly #finished = new Map<string, HookOutcome>();
  readonly #waiters: (() => void)[] = [];

  constructor(ports: HookRunnerPorts) {
    this.#ports = ports;
  }

  /** What runs and what ended, now. */
  runs(): HookRuns {
    return {
      runner: this.#id,
      prepared: new Map([...this.#prepared].map(([key, { run }]) => [key, run.startedAt])),
      running: new Set(this.#running.keys()),
      finished: new Map(this.#finished),
    };
  }

  /**
   * Takes note of a hook whose intent is about to be written. If the write's answer is lost, the intent is found in the
   * status later, and started with the next look.
   */
  prepare(run: HookRun): void {
    this.#prepared.set(run.key, { run, sinceMs: this.#ports.clock.monotonic() });
  }

  /** A hook that was prepared and has not started. */
  prepared(key: string): HookRun | undefined {
    return this.#prepared.get(key)?.run;
  }

  /** Ends a hook that was prepared and may not start any more, since all its time has passed. @returns whether it did */
  refuseLate(run: HookRun, onEnd: () => void): boolean {
    const sinceMs = this.#prepared.get(run.key)?.sinceMs;
    if (sinceMs === undefined || this.#ports.clock.monotonic() - sinceMs < mostMs(run)) return false;
    this.refuse(run, `did not start within ${Math.round(mostMs(run) / 1_000)} s`, onEnd);
    return true;
  }

  /**
   * The hook with the pod in which it is to run, where that is one of an application.
   *
   * @throws UserError HOOK_FAILED when there is none; KubeError
   */
  async placed(run: HookRun, signal: AbortSignal): Promise<HookRun> {
    const { place } = run;
    if (place?.behindApp === undefined) return run;
    const { ranIn } = await this.#ports.resolvePlace(place, signal);
    return { ...run, place: { ...place, ranIn } };
  }

  /** Ends a hook that can't start. @param onEnd called when its outcome can be read */
  refuse(run: HookRun, words: string, onEnd: () => void): void {
    this.#prepared.delete(run.key);
    this.#finished.set(run.key, this.#outcome("Failed", words, ""));
    onEnd();
  }

  /**
   * Starts a hook; one that runs or ended already is not started again.
   *
   * @param onEnd called when its outcome can be read
   */
  start(run: HookRun, onEnd: () => void): void {
    if (this.#running.has(run.key) || this.#finished.has(run.key)) return;
    this.#prepared.delete(run.key);
    const abort = new AbortController();
    this.#running.set(run.key, abort);
    void this.#carryOut(run, abort).then((outcome) => {
      this.#running.delete(run.key);
      this.#finished.set(run.key, outcome);
      this.#ports.log.info({ hook: run.key, phase: outcome.phase, reason: outcome.message }, "hook ended");
      onEnd();
      if (this.#running.size === 0) for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  /** Ends a hook that runs, or is about to. @param onEnd called when its outcome can be read */
  abort(key: string, onEnd: () => void): void {
    const words = "stopped: what it prepares for does not run any more";
    const prepared = this.prepared(key);
    if (prepared === undefined) this.#running.get(key)?.abort(new UserError("HOOK_FAILED", words));
    else this.refuse(prepared, words, onEnd);
  }

  /** Drops the outcomes of an object's hooks: they are recorded, or nobody asks for them any more. */
  forget(objectUid: string): void {
    for (const known of [this.#finished, this.#prepared]) {
      for (const key of known.keys()) if (key.startsWith(`${objectUid}/`)) known.delete(key);
    }
  }

  /** Waits for the hooks that run to end, a bounded time. */
  async whenIdle(limitMs: number): Promise<void> {
    if (this.#running.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push(resolve);
    const cancel = this.#ports.clock.after(limitMs, resolve);
    await promise;
    cancel();
  }

  /** Cuts all hooks off. What becomes of them is unknown, and said so by whoever leads next. */
  stop(): void {
    for (const abort of this.#running.values()) abort.abort(new UserError("HOOK_FAILED", PROCESS_ENDED));
  }

  async #carryOut(run: HookRun, abort: AbortController): Promise<HookOutcome> {
    const limit = new UserError("HOOK_FAILED", `did not end within ${Math.round(run.timeoutMs / 1_000)} s`);
    const cancel = this.#ports.clock.after(mostMs(run), () => abort.abort(limit));
    try {
      const output = await this.#runIn(run, abort.signal);
      return this.#outcome("Succeeded", "", output);
    } catch (error) {
      // What was cut off fails with the reason for the cut, not with the words of what it cut.
      const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
      const isPodGone = run.beginWithinMs !== undefined && isNotFound(cause);
      if (isPodGone) await sleep(this.#ports.clock, POD_GONE_PAUSE_MS, abort.signal).catch(() => undefined);
      const prefix = isEndUnknown(cause) ? `${CONNECTION_ENDED}: ` : isPodGone ? POD_GONE_PREFIX : "";
      const words = prefix + wordsOf(cause);
      const never = error instanceof NotBegunError ? `: ${error.message}` : "";
      return this.#outcome("Failed", words + never, outputOf(error));
    } finally {
      cancel();
    }
  }

  #outcome(phase: HookOutcome["phase"], message: string, output: string): HookOutcome {
    const finishedAt = new Date(this.#ports.clock.now()).toISOString();
    return { phase, message, output: keepEnds(output), finishedAt };
  }

  /** HTTP, TCP and commands in our own container are the agents': what is left for a member is a command. */
  #runIn(run: HookRun, signal: AbortSignal): Promise<string> {
    const { place } = run;
    return place === undefined ? this.#ports.runGlobal(run, signal) : this.#runCommand(run, place, signal);
  }

  async #runCommand(run: HookRun, given: HookPlace, signal: AbortSignal): Promise<string> {
    const exec = execIn(this.#ports.exec, run.namespace);
    requireInside(exec.namespace, given.namespace, `a command in pod ${given.pod}`);
    const now = new Date(this.#ports.clock.now());
    const command = renderCommand(run.handler.exec?.command ?? [], run.summary, now);
    if (command.length === 0) throw new UserError("HOOK_FAILED", "exec.command is empty");
    const onRetry = (error: unknown): void => {
      this.#ports.log.warn({ hook: run.key, error: messageOf(error) }, "hook's command did not begin; sent again");
    };
    const result = await untilBegun(
      async () => {
        const place = given.behindApp === undefined ? given : await this.#ports.resolvePlace(given, signal);
        requireInside(exec.namespace, place.namespace, `a command in pod ${place.pod}`);
        const { pod, container } = place;
        if (container === undefined) throw new UserError("HOOK_FAILED", `pod ${pod} has no container to run in`);
        return exec.run({ pod, container, command, timeoutMs: run.timeoutMs, signal }).catch(async (error: unknown) => {
          throw await this.#ports.explain(place, error, signal);
        });
      },
      { clock: this.#ports.clock, signal, onRetry, withinMs: run.beginWithinMs },
    );
    const output = [result.stdout, result.stderr].filter((text) => text !== "").join("\n");
    if (result.end.kind === "timedOut") {
      throw new HookFailure(`did not end within ${Math.round(run.timeoutMs / 1_000)} s`, output);
    }
    if (result.end.exitCode !== 0) {
      const words = (result.stderr || result.stdout).trim().slice(-500);
      throw new HookFailure(`exit code ${result.end.exitCode}${words === "" ? "" : `: ${words}`}`, output);
    }
    return output;
  }
}

/** What the guard refused is told with its code and the way out; other failures in their own words. */
function wordsOf(cause: unknown): string {
  const isRefused = cause instanceof UserError && cause.code === "OUTSIDE_NAMESPACE";
  return isRefused ? `${cause.code}: ${formatUserError(cause)}` : messageOf(cause);
}

function outputOf(error: unknown): string {
  return error instanceof HookFailure ? error.output : "";
}
