/** `run-hook`: a hook container of a job whose addon is not ours. Runs the HTTP and TCP part of the member's hook. */
import { UserError } from "../../shared/errors.ts";
import { createHostHooks } from "../hooks/host.ts";
import { readAddonResult } from "../job/addon-output.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import { INITIALIZE } from "../turn.ts";
import { summaryOf } from "../work/hook-summary.ts";
import { openForBackup } from "../work/open-for-backup.ts";
import { createStopper } from "../work/stop.ts";
import { type OpenedStep, openStep } from "./job-step.ts";

/** Looks for the repository where this host is the one to do so, since another's program would not. @throws UserError */
async function initialize({ run, reporter, settings, shutdown }: OpenedStep): Promise<void> {
  const isDone = (run.status?.results ?? []).some(({ action }) => action === INITIALIZE);
  if (isDone || !(run.spec.actions ?? []).includes(INITIALIZE)) return;
  const stopper = createStopper();
  shutdown.addEventListener("abort", () => stopper.stop({ kind: "shutdown" }), { once: true });
  try {
    await openForBackup(run, reporter, { settings, stopper, log: settings.log, now: () => new Date() });
  } finally {
    await reporter.flush();
  }
}

/** What follows must not begin where the host was given up meanwhile. @throws UserError */
function requireWanted({ cancelled }: Pick<RunReporter, "cancelled">): void {
  const why = cancelled();
  if (why !== undefined) throw why;
}

/** @returns 0 when the hook succeeded, was not due, or is one that runs afterwards: its failure stands in the status */
export async function run(argv: readonly string[]): Promise<number> {
  const step = await openStep(argv);
  return runHook(step).finally(() => step.heartbeat.stop());
}

async function runHook(step: OpenedStep): Promise<number> {
  const { run: order, settings, reporter, isBackup } = step;
  const now = () => new Date();
  const hooks = createHostHooks(
    {
      before: order.spec.hooks?.before,
      after: order.spec.hooks?.after,
      afterPolicy: order.spec.hooks?.afterPolicy,
      beforeType: isBackup ? "preBackup" : "preRestore",
      afterType: isBackup ? "postBackup" : "postRestore",
      recorded: order.status?.hooks ?? [],
      hostname: order.spec.host,
      podUid: settings.pod.uid,
    },
    { podIp: settings.pod.ip, reporter, log: settings.log, now },
  );
  const type = step.flag("hook-type") ?? "";
  if (type === "preBackup" || type === "preRestore") {
    requireWanted(reporter);
    await initialize(step);
    requireWanted(reporter);
    await hooks.before(summaryOf(order, now(), undefined));
    await reporter.flush();
    requireWanted(reporter);
  } else if (type === "postBackup" || type === "postRestore") {
    const result = readAddonResult(step.output, order.spec.host, isBackup);
    await hooks.after(summaryOf(order, now(), result), (order.spec.retryLeft ?? 0) > 0);
  } else {
    throw new UserError("CONFIGURATION_INVALID", `--hook-type ${JSON.stringify(type)} is no type of a hook`);
  }
  await reporter.flush();
  return 0;
}
