/** Why the API server takes no job, or no pod of one, in its own words. */
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { isConflict, isNamespaceEnding, KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { EVENTS } from "../../shared/kube/resources.ts";
import { TargetFault } from "./gather-target.ts";
import type { JobFact } from "./object.ts";
import { isFullQuota, type JobProblem } from "./of-target.ts";

const MAX_WORDS = 1_000;
/** Its controller has not counted yet. */
const UNCOUNTED_QUOTA = /status unknown for quota/i;
/** Before that its controller has hardly tried. */
const YOUNG_MS = 1_500;

/** Why a job could not be made. @returns undefined when the API server gave no answer, or one that the next try changes */
export function problemOf(thrown: unknown): JobProblem | undefined {
  if (thrown instanceof TargetFault) {
    const { code, message, target } = thrown;
    return { code, message, target, isPassing: true };
  }
  return thrown instanceof UserError
    ? { code: thrown.code, message: `${thrown.message} (next: ${thrown.next})` }
    : refusalOf(thrown);
}

/** @returns as problemOf() */
function refusalOf(thrown: unknown): JobProblem | undefined {
  if (!(thrown instanceof KubeError) || thrown.status === 0 || isConflict(thrown)) return undefined;
  const message = thrown.message.slice(0, MAX_WORDS);
  const mayPass = thrown.retryable || (isOfQuota(thrown.detail) && !isNamespaceEnding(thrown));
  return { code: "JOB_REFUSED", message, ...(mayPass && { isPassing: true }) };
}

/** Why the Job controller could not make the job's pod; undefined when it has said nothing of the kind. */
export async function gatherPodRefusal(
  client: Pick<KubeClient, "list">,
  job: JobFact,
  nowMs: number,
): Promise<JobProblem | undefined> {
  if (nowMs - job.createdAtMs < YOUNG_MS) return undefined;
  const fieldSelector = `involvedObject.uid=${job.uid},reason=FailedCreate`;
  const { items } = await client.list(EVENTS, job.namespace, asIs, { fieldSelector });
  const timeOf = (event: unknown) => textAt(event, "lastTimestamp") ?? textAt(event, "eventTime") ?? "";
  const [newest] = [...items].sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
  const words = textAt(newest, "message");
  if (words === undefined) return undefined;
  const message = `the pod of job ${job.name} is refused: ${words}`.slice(0, MAX_WORDS);
  return { code: "JOB_REFUSED", message, isPassing: true };
}

/** Room in a quota comes back when something else ends. */
function isOfQuota(words: string): boolean {
  return isFullQuota(words) || UNCOUNTED_QUOTA.test(words);
}
