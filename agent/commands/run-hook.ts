/** `run-hook`: a hook container of a job whose addon is not ours. Runs the HTTP and TCP part of the member's hook. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { formatDuration } from "../../shared/duration.ts";
import { UserError } from "../../shared/errors.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { createHostHooks } from "../hooks/host-hooks.ts";
import { type AddonResult, readAddonResult } from "../job/addon-output.ts";
import { type OpenedStep, openStep } from "./job-step.ts";

function summaryOf({ entry, settings }: OpenedStep, result: AddonResult | undefined): HookSummary {
  const { target } = settings;
  const sinceMs = Date.parse(entry.createdAt ?? entry.startedAt ?? "") || Date.now();
  return {
    Name: entry.name,
    Namespace: entry.namespace,
    Invoker: { APIGroup: STASH_GROUP, Kind: entry.invoker.kind, Name: entry.invoker.name },
    Target: { APIVersion: "", Kind: target.kind, Name: target.name, Namespace: target.namespace },
    Status: {
      Phase: result?.phase ?? "Succeeded",
      Duration: formatDuration(Math.round((Date.now() - sinceMs) / 1_000) * 1_000),
      Error: result?.error ?? "",
    },
    RetryLeft: entry.retryLeft,
  };
}

/** @returns 0 when the hook succeeded, was not due, or is one that runs afterwards: its failure stands in the status */
export async function run(argv: readonly string[]): Promise<number> {
  const step = await openStep(argv);
  const { entry, settings } = step;
  const isBackup = entry.kind === "backup";
  const hooks = createHostHooks(
    {
      ...entry.memberHooks,
      beforeType: isBackup ? "preBackup" : "preRestore",
      afterType: isBackup ? "postBackup" : "postRestore",
      recorded: entry.hooks,
      hostname: entry.hostname,
      podUid: settings.pod.uid,
    },
    {
      env: settings.env,
      podIp: settings.pod.ip,
      reporter: entry.reporter,
      log: settings.log,
      now: () => new Date(),
    },
  );
  const type = step.flag("hook-type") ?? "";
  if (type === "preBackup" || type === "preRestore") {
    await entry.initialize();
    await hooks.before(summaryOf(step, undefined));
  } else if (type === "postBackup" || type === "postRestore") {
    const result = readAddonResult(step.output, entry.hostname, isBackup);
    await hooks.after(summaryOf(step, result), entry.retryLeft > 0);
  } else {
    throw new UserError("CONFIGURATION_INVALID", `--hook-type ${JSON.stringify(type)} is no type of a hook`);
  }
  await entry.reporter.flush();
  return 0;
}
