/** The host run that a step of a job reports into on behalf of another's program. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { UserError } from "../../shared/errors.ts";
import { createApi } from "../kube/api.ts";
import { type OwnRuns, watchOwnRuns } from "../own-runs.ts";
import { createRunReporter, type RunReporter } from "../report/run-reporter.ts";
import type { AgentSettings } from "../settings.ts";
import { isNewer } from "../turn.ts";

export interface JobRun {
  readonly run: HostRun;
  readonly reporter: RunReporter;
}

function newestOf(runs: OwnRuns): HostRun | undefined {
  const own = (runs.list() ?? []).filter(({ spec }) => spec.work === "Backup" || spec.work === "Restore");
  return own.reduce<HostRun | undefined>((last, one) => (last && !isNewer(one, last) ? last : one), undefined);
}

/** Waits for the host run of this pod: a hook of any length may come before it. @throws UserError NOT_FOUND when it is cancelled */
export async function awaitJobRun(settings: AgentSettings, shutdown: AbortSignal): Promise<JobRun> {
  const { identity, log, pod } = settings;
  const end = new AbortController();
  const runs = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, signal: end.signal, log });
  try {
    for (;;) {
      const run = newestOf(runs);
      if (run?.spec.cancel !== undefined && run.status === undefined) {
        throw new UserError("NOT_FOUND", `the host's turn was taken back: ${run.spec.cancel.message}`);
      }
      if (run !== undefined) return { run, reporter: createRunReporter(run, { api: createApi(identity), log }) };
      if (shutdown.aborted) throw new UserError("EXECUTOR_LOST", "the container was stopped before the host's turn");
      await runs.changed(shutdown);
    }
  } finally {
    end.abort();
  }
}
