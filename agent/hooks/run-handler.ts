/** Runs the agent's part of a hook within its time limit. */
import type { Handler } from "../../shared/api/hooks.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { HookFailure } from "../../shared/hooks/failure.ts";
import { hookTimeoutMs } from "../../shared/hooks/parts.ts";
import { renderHook } from "../../shared/hooks/render.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { type HandlerPlace, runHttpGet, runHttpPost, runTcpSocket } from "./http-handler.ts";
import { DEFAULT_HOOK_LIMIT_MS } from "./limit.ts";
import { runCommand } from "./run-command.ts";

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

/** Runs all handlers in upstream's order; the first failure ends it. Never throws: a failure is the outcome. */
export async function runHandler(handler: Handler, context: HookContext): Promise<HandlerOutcome> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    const limitMs = hookTimeoutMs(handler, DEFAULT_HOOK_LIMIT_MS);
    const limit = new UserError("HOOK_FAILED", `the hook did not end within ${limitMs / 1_000} s`);
    timer = setTimeout(() => abort.abort(limit), limitMs);
    return { phase: "Succeeded", message: "", output: await runAll(handler, context, abort.signal) };
  } catch (error) {
    const output = error instanceof HookFailure ? error.output : "";
    // What was cut off fails with the reason for the cut.
    const cause: unknown = abort.signal.aborted ? abort.signal.reason : error;
    return { phase: "Failed", message: messageOf(cause), output };
  } finally {
    clearTimeout(timer);
  }
}

async function runAll(handler: Handler, context: HookContext, signal: AbortSignal): Promise<string> {
  const render = (text: string) => renderHook(text, context.summary, context.now());
  const place: HandlerPlace = { host: context.podIp, render };
  const outputs: string[] = [];
  if (handler.exec !== undefined) outputs.push(await runCommand((handler.exec.command ?? []).map(render), signal));
  if (handler.httpGet !== undefined) outputs.push(await runHttpGet(handler.httpGet, place, signal));
  if (handler.httpPost !== undefined) outputs.push(await runHttpPost(handler.httpPost, place, signal));
  if (handler.tcpSocket !== undefined) outputs.push(await runTcpSocket(handler.tcpSocket, place, signal));
  return outputs.filter((output) => output !== "").join("\n");
}
