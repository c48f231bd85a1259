/** What templates of a host's hooks see. Pure. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { STASH_GROUP } from "../../shared/contract.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";

/** @param result undefined before the work */
export function summaryOf(
  { metadata, spec }: HostRun,
  now: Date,
  result: { readonly phase: "Succeeded" | "Failed"; readonly error: string } | undefined,
): HookSummary {
  const sinceMs = Date.parse(spec.createdAt ?? spec.assignedAt ?? "") || now.getTime();
  const seconds = Math.round((now.getTime() - sinceMs) / 1_000);
  const { target, backup, run } = spec;
  return {
    Name: run.name,
    Namespace: metadata.namespace,
    Invoker: {
      APIGroup: STASH_GROUP,
      Kind: backup?.invoker.kind ?? run.kind,
      Name: backup?.invoker.name ?? run.name,
    },
    Target: {
      APIVersion: target?.apiVersion ?? "",
      Kind: target?.kind ?? "",
      Name: target?.name ?? "",
      Namespace: target?.namespace ?? metadata.namespace,
    },
    Status: {
      Phase: result?.phase ?? "Succeeded",
      Duration: formatDuration(Math.max(0, seconds) * 1_000),
      Error: result?.error ?? "",
    },
    RetryLeft: spec.retryLeft ?? 0,
  };
}

/** As summaryOf, for the hook of a whole session or restore: the order itself says how that has gone. */
export function globalSummaryOf({ metadata, spec }: HostRun): HookSummary {
  const { name = spec.run.name, invoker, phase = "", duration = "", error = "" } = spec.hookContext ?? {};
  return {
    Name: name,
    Namespace: metadata.namespace,
    Invoker: { APIGroup: invoker?.apiGroup ?? STASH_GROUP, Kind: invoker?.kind ?? "", Name: invoker?.name ?? "" },
    Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
    Status: { Phase: phase, Duration: duration, Error: error },
    RetryLeft: spec.retryLeft ?? 0,
  };
}
