/** What a job came to, from the job and its pods: a pod that fails in silence becomes the reason of its host (L8). Pure. */
import type { ErrorCode } from "../../shared/errors.ts";
import type { JobContainer, JobFact, JobPodFact } from "./object.ts";

export type JobOutcome =
  /** Nothing of it runs; `code` and `message` say what it waits for, should the wait have to end. */
  | { readonly kind: "starting"; readonly code: ErrorCode; readonly message: string; readonly sinceMs: number }
  | { readonly kind: "running" }
  | { readonly kind: "complete" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/** A container's last lines are kept to this many characters. */
const LAST_WORDS = 1_000;

/** Waits that no time mends: the pod would have to be made anew. */
const HOPELESS: Readonly<Record<string, ErrorCode>> = {
  InvalidImageName: "IMAGE_UNAVAILABLE",
  ErrImageNeverPull: "IMAGE_UNAVAILABLE",
};

/** Waits that may pass: the kubelet tries again. */
const PATIENT: Readonly<Record<string, ErrorCode>> = {
  ErrImagePull: "IMAGE_UNAVAILABLE",
  ImagePullBackOff: "IMAGE_UNAVAILABLE",
  CreateContainerConfigError: "CONTAINER_NOT_STARTED",
  CreateContainerError: "CONTAINER_NOT_STARTED",
  RunContainerError: "CONTAINER_NOT_STARTED",
};

/**
 * First row that matches; of several pods the newest counts.
 *
 * | # | facts | outcome |
 * |---|---|---|
 * | 1 | the job is complete | complete |
 * | 2 | the pod was evicted or its node is lost, and the job gets another | starting: EVICTED |
 * | 3 | the pod was evicted, or its job's deadline passed | failed: EVICTED, DEADLINE_EXCEEDED |
 * | 4 | a container was ended for lack of memory | failed: OUT_OF_MEMORY |
 * | 5 | a container ended badly | failed: JOB_FAILED with its last lines |
 * | 6 | the job or the pod failed in another way | failed: JOB_FAILED, or EXECUTOR_LOST without a pod |
 * | 7 | a container can never start | failed: IMAGE_UNAVAILABLE |
 * | 8 | a container can't start, the kubelet tries again | starting: IMAGE_UNAVAILABLE, CONTAINER_NOT_STARTED |
 * | 9 | no node takes the pod | starting: UNSCHEDULABLE |
 * | 10 | a container runs | running |
 * | 11 | otherwise | starting |
 */
export function decideJobOutcome(job: JobFact, pods: readonly JobPodFact[]): JobOutcome {
  if (job.isComplete) return { kind: "complete" };
  const pod = pods.filter(({ jobUid }) => jobUid === job.uid).sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
  if (pod?.phase === "Failed" && pod.isDisrupted === true && job.replacesPods === true && !job.isFailed) {
    const message = `pod ${pod.name} was ended by its node or a drain (${pod.reason ?? ""}: ${pod.message ?? ""}), another is made`;
    return { kind: "starting", code: "EVICTED", message, sinceMs: endOfPod(pod) };
  }
  const failure = failureOf(job, pod);
  if (failure !== undefined) return failure;
  return pod === undefined
    ? { kind: "starting", code: "EXECUTOR_LOST", message: `job ${job.name} has no pod yet`, sinceMs: job.createdAtMs }
    : progressOf(pod);
}

function endOfPod({ createdAtMs, containers }: JobPodFact): number {
  return Math.max(createdAtMs, ...containers.map(({ ended }) => ended?.finishedAtMs ?? 0));
}

function failed(code: ErrorCode, message: string): JobOutcome {
  return { kind: "failed", code, message };
}

function failureOf(job: JobFact, pod: JobPodFact | undefined): JobOutcome | undefined {
  const isOver = job.isFailed || pod?.phase === "Failed";
  if (!isOver) return undefined;
  if (pod?.reason === "Evicted") return failed("EVICTED", `pod ${pod.name} was evicted: ${pod.message ?? ""}`);
  if (job.reason === "DeadlineExceeded" || pod?.reason === "DeadlineExceeded") {
    return failed("DEADLINE_EXCEEDED", `job ${job.name} did not end before the deadline of its session`);
  }
  const culprit = pod?.containers.find(({ ended }) => ended !== undefined && ended.exitCode !== 0);
  if (pod !== undefined && culprit?.ended !== undefined) return containerFailure(pod, culprit);
  const words = [pod?.reason, pod?.message, job.reason, job.message].filter((word) => word !== undefined).join(": ");
  return pod === undefined
    ? failed("EXECUTOR_LOST", `job ${job.name} failed and its pod is gone: ${words}`)
    : failed("JOB_FAILED", `pod ${pod.name} failed: ${words}`);
}

function containerFailure(pod: JobPodFact, { name, ended }: JobContainer): JobOutcome {
  const where = `container ${name} of pod ${pod.name}`;
  if (ended?.reason === "OOMKilled") return failed("OUT_OF_MEMORY", `${where} was ended for lack of memory`);
  const words = (ended?.message ?? "").trim().slice(-LAST_WORDS);
  return failed("JOB_FAILED", `${where} ended with exit code ${ended?.exitCode}${words === "" ? "" : `: ${words}`}`);
}

function progressOf(pod: JobPodFact): JobOutcome {
  const waiting = pod.containers.find((container) => container.waiting !== undefined);
  const reason = waiting?.waiting?.reason ?? "";
  const words = `container ${waiting?.name} of pod ${pod.name}: ${reason}: ${waiting?.waiting?.message ?? ""}`;
  const hopeless = HOPELESS[reason];
  if (hopeless !== undefined) return failed(hopeless, words);
  // A container waits from the end of the one before it.
  const sinceMs = Math.max(pod.createdAtMs, ...pod.containers.map(({ ended }) => ended?.finishedAtMs ?? 0));
  const patient = PATIENT[reason];
  if (patient !== undefined) return { kind: "starting", code: patient, message: words, sinceMs };
  if (pod.unschedulable !== undefined) {
    return { kind: "starting", code: "UNSCHEDULABLE", message: `pod ${pod.name}: ${pod.unschedulable}`, sinceMs };
  }
  if (pod.containers.some(({ isRunning }) => isRunning)) return { kind: "running" };
  return { kind: "starting", code: "CONTAINER_NOT_STARTED", message: `pod ${pod.name} is being started`, sinceMs };
}
