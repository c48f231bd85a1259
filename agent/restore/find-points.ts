/**
 * Looks into the repository for the recovery points that a restore may take, and tells them in the status of its host run.
 * The reconciler chooses: it knows which hosts there are, and has nothing to look with.
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import { UserError } from "../../shared/errors.ts";
import { readRecoveryPoints, selectCandidates } from "../../shared/recovery-points.ts";
import { resolveTargetRef } from "../../shared/target.ts";
import { createApi } from "../kube/api.ts";
import { watchOwnRuns } from "../own-runs.ts";
import { createRunReporter } from "../report/run-reporter.ts";
import type { AgentSettings } from "../settings.ts";
import { openRepository } from "../work/repository.ts";

/** The order comes as soon as this pod runs; more than this is a sign that it will not. */
const ORDER_WAIT_MS = 5 * 60_000;

async function awaitOrder(settings: AgentSettings, signal: AbortSignal): Promise<HostRun> {
  const { identity, log, pod } = settings;
  const end = new AbortController();
  const runs = watchOwnRuns({ identity, namespace: pod.namespace, podUid: pod.uid, signal: end.signal, log });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ORDER_WAIT_MS)]);
  try {
    for (;;) {
      const order = runs.list()?.find(({ spec }) => spec.search !== undefined);
      if (order !== undefined) return order;
      if (limit.aborted) throw new UserError("EXECUTOR_LOST", "no host run was made for this job");
      await runs.changed(limit);
    }
  } finally {
    end.abort();
  }
}

/**
 * @returns false when the restore is gone
 * @throws UserError when the repository can't be opened or listed, or the status can't be written
 */
export async function findPoints(settings: AgentSettings, signal: AbortSignal): Promise<boolean> {
  const order = await awaitOrder(settings, signal);
  const { spec, metadata } = order;
  const { generation = 0, session, asOf, members = [] } = spec.search ?? {};
  const restic = await openRepository(spec.repository, { settings, isCacheEnabled: true, signal });
  const points = readRecoveryPoints(await restic.snapshots({}, { signal }));
  const wanted = members.map(({ ref, alias, rules }) => ({
    ref: resolveTargetRef(ref, metadata.namespace),
    alias,
    target: { ...(rules !== undefined && { rules }) },
  }));
  const asOfMs = asOf === undefined ? undefined : Date.parse(asOf);
  const candidates = selectCandidates(points, { session, asOfMs, members: wanted });
  const pointSearch = { generation, finishedAt: new Date().toISOString(), found: points.length, points: candidates };
  const reporter = createRunReporter(order, { api: createApi(settings.identity), log: settings.log });
  reporter.set({ phase: "Succeeded", finishedAt: pointSearch.finishedAt, pointSearch });
  const isStored = await reporter.flush();
  settings.log.info({ found: points.length, candidates: candidates.length }, "recovery points told");
  return isStored;
}
