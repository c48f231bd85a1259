/** Before- and after-hook of one host: recorded before they run, so that a restart knows what it owes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HookResult } from "../../shared/api/hook-result.ts";
import type { Handler } from "../../shared/api/hooks.ts";
import { UserError } from "../../shared/errors.ts";
import { agentPart, hookTimeoutMs } from "../../shared/hooks/parts.ts";
import { whyAfterHookSkipped } from "../../shared/hooks/policy.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import type { Logger } from "../log.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import { DEFAULT_HOOK_LIMIT_MS } from "./limit.ts";
import type { HandlerOutcome } from "./run-handler.ts";

const INTENT_WAIT_MS = 5_000;
/** How the message of a before-hook begins that was recorded and never ran. */
const NOT_STARTED = "not started: ";

export interface HostHooks {
  readonly before: Handler | undefined;
  readonly after: Handler | undefined;
  /** On which outcome the after-hook runs. */
  readonly afterPolicy: string | undefined;
  readonly beforeType: "preBackup" | "preRestore";
  readonly afterType: "postBackup" | "postRestore";
  /** What was told earlier. */
  readonly recorded: readonly HookResult[];
  readonly hostname: string;
  readonly podUid: string;
}

export interface HostHooksPorts {
  readonly podIp: string | undefined;
  readonly reporter: RunReporter;
  readonly log: Logger;
  /** Aborts when the work is given up, as far as this process knows. */
  readonly signal?: AbortSignal;
  now(): Date;
}

export interface HookRunner {
  /** Runs the before-hook unless it has succeeded before. @throws UserError HOOK_FAILED */
  before(summary: HookSummary): Promise<void>;
  /** Runs the after-hook when it is owed and its policy lets it. @returns why it failed */
  after(summary: HookSummary, isRetryLeft: boolean): Promise<UserError | undefined>;
}

/** Hooks of one turn. Nothing runs, and nothing is recorded, where the member has no hook for the agent. */
export function createHostHooks(hooks: HostHooks, ports: HostHooksPorts): HookRunner {
  let records: readonly HookResult[] = hooks.recorded;
  const before = agentPart(hooks.before);
  const after = agentPart(hooks.after);

  /** The newest record of this pod. One of another pod is about another process's memory. */
  function last(type: HookResult["type"]): HookResult | undefined {
    return records.findLast(
      (hook) => hook.type === type && (hook.podUID === undefined || hook.podUID === hooks.podUid),
    );
  }

  function record(result: HookResult): void {
    records = [...records, result];
    ports.reporter.set({ hooks: records });
  }

  function conclude(outcome: HandlerOutcome): void {
    const { message, output } = outcome;
    const ended: Partial<HookResult> = {
      phase: outcome.phase,
      finishedAt: ports.now().toISOString(),
      ...(message !== "" && { message }),
      ...(output !== "" && { output }),
    };
    records = [...records.slice(0, -1), ...records.slice(-1).map((hook) => ({ ...hook, ...ended }))];
    ports.reporter.set({ hooks: records });
  }

  async function carryOut(type: HookResult["type"], handler: Handler, summary: HookSummary): Promise<HandlerOutcome> {
    const { hostname, podUid } = hooks;
    record({ type, hostname, podUID: podUid, phase: "Running", startedAt: ports.now().toISOString() });
    // The intent is stored before the hook starts: what a restart finds is never less than what happened. But an after-hook,
    // which may thaw what is frozen, does not wait out an outage of the API server.
    if (type === hooks.afterType) await Promise.race([ports.reporter.flush(), sleep(INTENT_WAIT_MS)]);
    else await untilStored(handler);
    // Loaded with the first hook: templates and their patterns are most of the program.
    const { runHandler } = await import("./run-handler.ts");
    const outcome = await runHandler(handler, { podIp: ports.podIp, summary, now: ports.now });
    conclude(outcome);
    ports.log.info({ hook: type, host: hostname, phase: outcome.phase, error: outcome.message }, "hook ended");
    return outcome;
  }

  /**
   * A before-hook starts within its time, and not after the work it prepares for was given up. What answers the intent tells whether it
   * was: the watch may lag behind.
   *
   * @throws UserError when it may not start; then it has not, and nothing is owed
   */
  async function untilStored(handler: Handler): Promise<void> {
    const { reporter, signal } = ports;
    const limitMs = hookTimeoutMs(handler, DEFAULT_HOOK_LIMIT_MS);
    const isStored = await Promise.race([reporter.flush(), sleep(limitMs, undefined, { ref: false })]);
    const late = `its intent could not be stored within ${limitMs / 1_000} s`;
    const why = signal?.aborted || isStored === false ? "the host was given up" : isStored ? undefined : late;
    const cancelled = reporter.cancelled();
    if (why === undefined && cancelled === undefined) return;
    const message = `${NOT_STARTED}${cancelled?.message ?? why}`;
    conclude({ phase: "Failed", message, output: "" });
    throw cancelled ?? new UserError("HOOK_FAILED", `${hooks.beforeType} hook: ${message}`);
  }

  return {
    async before(summary) {
      if (before === undefined) return;
      const known = last(hooks.beforeType);
      if (known?.phase === "Succeeded") return;
      // One that was cut off is run again: it may have done nothing yet.
      const outcome = known?.phase === "Failed" ? known : await carryOut(hooks.beforeType, before, summary);
      if (outcome.phase === "Succeeded") return;
      throw new UserError("HOOK_FAILED", `${hooks.beforeType} hook: ${outcome.message ?? "failed"}`);
    },
    async after(summary, isRetryLeft) {
      if (after === undefined) return undefined;
      const known = last(hooks.afterType);
      if (known?.phase === "Succeeded" || known?.phase === "Skipped") return undefined;
      // With a before-hook that never started there is nothing to undo.
      const begun = last(hooks.beforeType);
      const isBegun = begun !== undefined && begun.message?.startsWith(NOT_STARTED) !== true;
      if (before !== undefined && !isBegun) return undefined;
      const outcome = summary.Status.Phase === "Succeeded" ? "Succeeded" : "Failed";
      const skipped = whyAfterHookSkipped({ policy: hooks.afterPolicy, outcome, isRetryLeft });
      if (skipped !== undefined) {
        const { hostname, podUid } = hooks;
        const finishedAt = ports.now().toISOString();
        record({ type: hooks.afterType, hostname, podUID: podUid, phase: "Skipped", message: skipped, finishedAt });
        return undefined;
      }
      const ended = await carryOut(hooks.afterType, after, summary);
      return ended.phase === "Succeeded"
        ? undefined
        : new UserError("HOOK_FAILED", `${hooks.afterType} hook: ${ended.message}`);
    },
  };
}
