/** Runs the agent's part of a hook within its time limit. */
import type { Handler } from "../../shared/api/hooks.ts";
import { parseDuration } from "../../shared/duration.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { renderTemplate } from "../../shared/go-template.ts";
import { type HandlerPlace, runHttpGet, runHttpPost, runTcpSocket } from "../../shared/hooks/http-handler.ts";
import { type HookSummary, hookTemplateData } from "../../shared/hooks/summary.ts";
import { CommandError, runCommand } from "./run-command.ts";

/** As upstream's, for a hook that has no limit of its own. */
export const DEFAULT_HOOK_LIMIT_MS = 5 * 60_000;

export interface HookContext {
  readonly podIp: string | undefined;
  readonly summary: HookSummary;
  now(): Date;
}

export interface HandlerOutcome {
  readonly phase: "Succeeded" | "Failed";
  readonly message: string;
  readonly output: string;
}

/** Limit of a hook in milliseconds. */
export function hookLimitMs(handler: Handler): number {
  return handler.timeout === undefined
    ? DEFAULT_HOOK_LIMIT_MS
    : parseDuration(handler.timeout, "timeout") || DEFAULT_HOOK_LIMIT_MS;
}

/** Runs all handlers in upstream's order; the first failure ends it. Never throws: a failure is the outcome. */
export async function runHandler(handler: Handler, context: HookContext): Promise<HandlerOutcome> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    const limitMs = hookLimitMs(handler);
    const limit = new UserError("HOOK_FAILED", `the hook did not end within ${limitMs / 1_000} s`);
    timer = setTimeout(() => abort.abort(limit), limitMs);
    return { phase: "Succeeded", message: "", output: await runAll(handler, context, abort.signal) };
  } catch (error) {
    const output = error instanceof CommandError ? error.output : "";
    // What was cut off fails with the reason for the cut.
    const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
    return { phase: "Failed", message: messageOf(cause), output };
  } finally {
    clearTimeout(timer);
  }
}

async function runAll(handler: Handler, context: HookContext, signal: AbortSignal): Promise<string> {
  const data = hookTemplateData(context.summary);
  const render = (text: string) => renderTemplate(text, data, context.now());
  const place: HandlerPlace = { host: context.podIp, render };
  const outputs: string[] = [];
  if (handler.exec !== undefined) outputs.push(await runCommand((handler.exec.command ?? []).map(render), signal));
  if (handler.httpGet !== undefined) outputs.push(await runHttpGet(handler.httpGet, place, signal));
  if (handler.httpPost !== undefined) outputs.push(await runHttpPost(handler.httpPost, place, signal));
  if (handler.tcpSocket !== undefined) outputs.push(await runTcpSocket(handler.tcpSocket, place, signal));
  return outputs.filter((output) => output !== "").join("\n");
}
