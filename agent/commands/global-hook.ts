/** `global-hook`: the one program of the Job in which the hook of a whole session or restore runs. */
import { parseFlags } from "../flags.ts";
import { runHandler } from "../hooks/run-handler.ts";
import { awaitOrder } from "../job/await-order.ts";
import { createApi } from "../kube/api.ts";
import { createRunReporter } from "../report/run-reporter.ts";
import { gatherSettings } from "../settings.ts";
import { globalSummaryOf } from "../work/hook-summary.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns 0 when the hook succeeded and that is stored */
export async function run(argv: readonly string[]): Promise<number> {
  const settings = gatherSettings(parseFlags(argv), process.env);
  const { log, identity } = settings;
  const order = await awaitOrder(settings, shutdownSignal(), ({ spec }) => spec.work === "Hook");
  const reporter = createRunReporter(order, { api: createApi(identity), log });
  const handler = order.spec.hooks?.before ?? {};
  const { timeoutSeconds } = order.spec.hookContext ?? {};
  const limited = timeoutSeconds === undefined ? handler : { ...handler, timeout: `${timeoutSeconds}s` };
  const startedAt = new Date().toISOString();
  reporter.set({ phase: "Running", startedAt });
  // Who gave it up took the order back before he said so.
  if (!(await reporter.flush())) return 1;
  const cancelled = reporter.cancelled();
  if (cancelled !== undefined) {
    reporter.set({ phase: "Failed", finishedAt: new Date().toISOString(), error: `not started: ${cancelled.message}` });
    await reporter.flush();
    return 1;
  }
  const summary = globalSummaryOf(order);
  // There is no pod beside it whose ports or address a handler could mean.
  const outcome = await runHandler(limited, { podIp: undefined, summary, now: () => new Date() });
  const finishedAt = new Date().toISOString();
  const { phase, message, output } = outcome;
  const record = { type: "preBackup", phase, startedAt, finishedAt, ...(output !== "" && { output }) };
  reporter.set({ phase, finishedAt, error: message, hooks: [record] });
  const isStored = await reporter.flush();
  log.info({ phase, error: message, isStored }, "hook ended");
  return isStored && phase === "Succeeded" ? 0 : 1;
}
