/** Makes the Job of some work, and waits for its pod. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../shared/errors.ts";
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { patiently } from "../cluster/patience.ts";
import { EVENTS, JOBS, PODS } from "../cluster/resources.ts";
import type { FlagValues } from "../program/flag-values.ts";
import type { Terminal } from "../terminal/interface.ts";
import { buildWorkJob, type WorkOrder } from "./build-work-job.ts";
import type { WorkView } from "./gather-work.ts";

const POLL_MS = 200;
/** An image is pulled in this time, and a node found. */
const START_MS = 180_000;
/** Somebody waits for it at the end. */
const REMOVE_MS = 15_000;
/** Nothing that these say is mended by waiting. */
const HOPELESS = new Set(["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"]);

export interface WorkPod {
  readonly namespace: string;
  readonly job: string;
  readonly pod: string;
}

/** What is known of the Job at once. */
export type WorkJob = Omit<WorkPod, "pod">;

/** @throws UserError CONFIGURATION_INVALID */
function parseUser(text: string | undefined): WorkOrder["runAs"] {
  if (text === undefined) return undefined;
  const [, user, group] = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (user === undefined) {
    throw new UserError("CONFIGURATION_INVALID", `--run-as ${text} is no user`, {
      next: "write numbers, as 1000 or 1000:1000",
    });
  }
  return { runAsUser: Number(user), ...(group !== undefined && { runAsGroup: Number(group) }) };
}

/**
 * Makes the Job. Nothing has run when it returns.
 *
 * @throws UserError CONFIGURATION_INVALID for a flag
 */
export async function createWorkJob(
  cluster: Cluster,
  view: WorkView,
  order: Pick<WorkOrder, "what" | "args">,
  flags: FlagValues,
): Promise<WorkJob> {
  const suffix = randomBytes(4).toString("hex");
  const serviceAccount = flags.text("service-account");
  const job = buildWorkJob({ ...view, ...order, suffix, serviceAccount, runAs: parseUser(flags.text("run-as")) });
  await cluster.create(JOBS, job.metadata.namespace, job);
  return { namespace: job.metadata.namespace, job: job.metadata.name };
}

/**
 * Waits until the container runs or has run.
 *
 * @param onWait is told when the API server is away for a while
 * @throws UserError CONTAINER_NOT_STARTED with what Kubernetes says, when it does not start: nobody waits for the Job any more
 */
export async function awaitWorkPod(
  cluster: Cluster,
  { namespace, job }: WorkJob,
  onWait: (message: string) => void,
): Promise<WorkPod> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const find = () => cluster.list(PODS, namespace, { labelSelector: `job-name=${job}` });
    const [pod] = await patiently(find, { onWait });
    const [status] = listAt(pod, "status", "containerStatuses");
    const name = textAt(pod, "metadata", "name") ?? "";
    const hasBegun = textAt(status, "state", "running", "startedAt") !== undefined || exitCodeOf(pod) !== undefined;
    if (hasBegun) return { namespace, job, pod: name };
    const waiting = textAt(status, "state", "waiting", "reason");
    const isLate = performance.now() > deadline;
    if (isLate || HOPELESS.has(waiting ?? "")) {
      const why = [waiting, textAt(status, "state", "waiting", "message")].filter(Boolean).join(": ");
      throw notStarted(namespace, job, why || (await lastWarning(cluster, namespace, [job, name])));
    }
    const refusal = pod === undefined ? await refusalOf(cluster, namespace, job) : undefined;
    if (refusal !== undefined) throw notStarted(namespace, job, refusal);
    await sleep(POLL_MS);
  }
}

/** Takes away a Job that is of no use. Whatever hinders that is told, with the command that does it. */
export async function removeWorkJob(cluster: Cluster, { namespace, job }: WorkJob, terminal: Terminal): Promise<void> {
  try {
    await patiently(() => cluster.remove(JOBS, namespace, job), { until: performance.now() + REMOVE_MS });
  } catch (thrown) {
    const why = toUserError(thrown).message;
    terminal.note(`Job ${namespace}/${job} is left (${why}); remove it: kubectl delete job ${job} -n ${namespace}`);
  }
}

/** Undefined while it runs. A pod that was killed before its container ended has none of its own. */
export function exitCodeOf(pod: unknown): number | undefined {
  const [status] = listAt(pod, "status", "containerStatuses");
  const exitCode = numberAt(status, "state", "terminated", "exitCode");
  if (exitCode !== undefined) return exitCode;
  return textAt(pod, "status", "phase") === "Failed" ? 1 : undefined;
}

/** A pod that the API server refuses is told by an event alone. */
async function refusalOf(cluster: Cluster, namespace: string, job: string): Promise<string | undefined> {
  const events = await cluster
    .list(EVENTS, namespace, { fieldSelector: `involvedObject.name=${job},reason=FailedCreate` })
    .catch(() => []);
  return events.flatMap((event) => textAt(event, "message") ?? []).at(-1);
}

async function lastWarning(cluster: Cluster, namespace: string, names: readonly string[]): Promise<string> {
  const found = await Promise.all(
    names.map((name) =>
      cluster.list(EVENTS, namespace, { fieldSelector: `involvedObject.name=${name},type=Warning` }).catch(() => []),
    ),
  );
  return (
    found
      .flat()
      .flatMap((event) => textAt(event, "message") ?? [])
      .at(-1) ?? "its pod did not start in time"
  );
}

function notStarted(namespace: string, job: string, why: string): UserError {
  return new UserError("CONTAINER_NOT_STARTED", `Job ${namespace}/${job} does not start: ${why}`, {
    next: "mend that and try again; --image and --service-account choose others",
  });
}
