/**
 * Looks into the repository for the recovery points that a restore may take, and tells them in the status of its host run.
 * The reconciler chooses: it knows which hosts there are, and has nothing to look with.
 */
import { readRecoveryPoints, selectCandidates } from "../../shared/snapshots/recovery-points.ts";
import { resolveTargetRef } from "../../shared/target/ref.ts";
import { awaitOrder } from "../job/await-order.ts";
import { createApi } from "../kube/api.ts";
import { createRunReporter } from "../report/run-reporter.ts";
import type { AgentSettings } from "../settings.ts";
import { openRepository } from "../work/repository.ts";

/**
 * @returns false when the restore is gone
 * @throws UserError when the repository can't be opened or listed, or the status can't be written
 */
export async function findPoints(settings: AgentSettings, signal: AbortSignal): Promise<boolean> {
  const order = await awaitOrder(settings, signal, ({ spec }) => spec.search !== undefined);
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
