/** What the job of a global hook still waits for when its time is over, in the cluster's words. */
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { JOBS, PODS } from "../../shared/kube/resources.ts";
import { decideJobOutcome } from "../jobs/decide.ts";
import { readJob, readJobPod } from "../jobs/object.ts";
import { gatherPodRefusal } from "../jobs/refusal.ts";
import type { HookJobPlan } from "./job.ts";

/** For who waits to be told that it failed. */
const LOOK_MS = 5_000;

/**
 * @returns undefined where it runs, has ended, or is gone
 * @throws KubeError
 */
export async function whyNotBegun(
  client: Pick<KubeClient, "find" | "list">,
  { namespace, name }: Pick<HookJobPlan, "namespace" | "name">,
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(LOOK_MS);
  const job = await client.find(JOBS, namespace, name, readJob, { signal });
  if (job === undefined) return undefined;
  const { items } = await client.list(PODS, namespace, readJobPod, { labelSelector: `job-name=${name}`, signal });
  const pods = items.filter((pod) => pod !== undefined);
  const outcome = decideJobOutcome(job, pods);
  if (outcome.kind === "failed") return outcome.message;
  if (outcome.kind !== "starting") return undefined;
  const refusal = pods.length > 0 ? undefined : await gatherPodRefusal(client, job, Number.POSITIVE_INFINITY);
  return refusal?.message ?? outcome.message;
}
