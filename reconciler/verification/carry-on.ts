/**
 * How a drill that has begun goes on. Pure.
 *
 * | # | step | facts | answer |
 * |---|---|---|---|
 * | 0 | Starting | | starting.ts |
 * | 1 | Restoring | no batch | make the claims and the batch; refused for good: it ends |
 * | 2 | | the batch has failed | it failed, with the member's words |
 * | 3 | | the batch succeeded | Verifying |
 * | 4 | | a quota has no room for its pods | it is skipped, with the quota's words |
 * | 5 | | otherwise | tell how far it is |
 * | 6 | Verifying | its pod has told what it found | it is proven, or failed with the findings; of type Script: Scripting |
 * | 7 | | its pod failed, or its job did | it failed |
 * | 8 | | the job has a pod that has no order | give it |
 * | 9 | | no job, or none that has a pod | make it, or learn why there is none |
 * | 10 | Scripting | its job ended | it is proven with exit code 0, and failed with any other |
 * | 11 | | no job | make it |
 *
 * Wherever a server has ended while it is needed, the drill fails with that one's last words.
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatClock } from "../../shared/size.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { isFullQuota, isWithoutPod } from "../jobs/of-target.ts";
import { type DrillDecision, LOOK_AGAIN_MS, wait } from "./decision.ts";
import { provenWords, whyUnproven, withRestore, withVerified } from "./results.ts";
import { serverEnd, starting } from "./starting.ts";
import { type DrillStatus, ending } from "./status.ts";
import { again, fail, leftSeconds, type Step, stuck, tell, WORDS_MS, waitFor } from "./step.ts";
import { verifyOrder } from "./verify-order.ts";
import type { DrillJob, DrillView } from "./view.ts";

export function carryOn(view: DrillView, status: DrillStatus, leftMs: number, now: Date): DrillDecision {
  const step = { view, status, leftMs, now };
  switch (status.step) {
    case "Starting":
      return starting(step);
    case "Restoring":
      return restoring(step);
    case "Verifying":
      return verifying(step);
    case "Scripting":
      return scripting(step);
    default:
      return wait("nothing is to be done");
  }
}

function restoring(step: Step): DrillDecision {
  const { view, status, now } = step;
  const { batch, problem } = view;
  if (batch === undefined) {
    if (problem !== undefined && problem.isPassing !== true) return fail(step, problem.code, problem.message);
    return again(step, { kind: "make-restore" });
  }
  const { phase, message, completionTime, startTime } = batch.status ?? {};
  const seen = withRestore(status, batch);
  if (phase === "Succeeded") {
    const end = completionTime ?? formatTime(now);
    const begun = status.restoreStartTime ?? startTime ?? end;
    const recoverySeconds = Math.max(0, Math.round((Date.parse(end) - Date.parse(begun)) / 1_000));
    const { message: _, ...rest } = seen;
    return tell(step, {
      ...rest,
      step: "Verifying",
      stepStartTime: formatTime(now),
      restoreEndTime: end,
      recoverySeconds,
      recoveryTime: formatClock(recoverySeconds),
    });
  }
  const gone = serverEnd({ ...step, status: seen });
  if (gone !== undefined) return gone;
  if (phase === "Failed" || phase === "Unknown" || phase === "Invalid") {
    const bad = (seen.members ?? []).filter((member) => member.phase === "Failed");
    const words = bad.map((member) => `${member.alias}: ${member.message ?? "not restored"}`).join("; ");
    return fail(step, "RECOVERY_NOT_PROVEN", `the restore failed: ${words || message || phase}`, seen);
  }
  const full = batch.status?.members?.find(({ message = "" }) => isFullQuota(message));
  if (full?.message !== undefined) return fail(step, "DRILL_NO_ROOM", full.message, seen);
  if (JSON.stringify(seen.members) !== JSON.stringify(status.members)) return tell(step, seen);
  return wait("the restore is at work", Math.min(LOOK_AGAIN_MS, step.leftMs));
}

function ownRun(hostRuns: readonly HostRun[], podUid: string | undefined): HostRun | undefined {
  return hostRuns.find(({ spec }) => spec.work === "Verify" && spec.pod.uid === podUid);
}

function isEndedPhase(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function verifying(step: Step): DrillDecision {
  const { view, status, leftMs } = step;
  const { verifyJob: job, hostRuns, verifier } = view;
  // A pod that was lost may have told all the same.
  const told = hostRuns.find(
    ({ spec, status: of }) => spec.work === "Verify" && isEndedPhase(of?.phase) && of?.verified !== undefined,
  );
  if (told?.status?.verified !== undefined) {
    // What was ordered counts, whatever the verifier says by now.
    return found(step, withVerified(status, told.status.verified, told.spec.verify?.queries));
  }
  const failed = job?.pod === undefined ? undefined : ownRun(hostRuns, job.pod.uid);
  if (failed?.status?.phase === "Failed") {
    const { reason, error = "" } = failed.status;
    return fail(step, "RECOVERY_NOT_PROVEN", `what was restored could not be looked at: ${reason ?? ""}: ${error}`);
  }
  const stopped = jobEnd(step, job) ?? serverEnd(step);
  if (stopped !== undefined) return stopped;
  if (job?.pod !== undefined && ownRun(hostRuns, job.pod.uid) === undefined && verifier !== undefined) {
    const verify = verifyOrder(status, verifier.spec, formatDuration(Math.max(1_000, leftMs)));
    return { kind: "order", pod: job.pod, verify };
  }
  if (job === undefined || isWithoutPod(job.outcome)) {
    return again(step, { kind: "make-verify-job", deadlineSeconds: leftSeconds(step) });
  }
  return stuck(step, job) ?? waitFor(step, job);
}

function found(step: Step, status: DrillStatus): DrillDecision {
  const why = whyUnproven(status);
  if (why !== undefined) return fail(step, "RECOVERY_NOT_PROVEN", why, status);
  if (step.view.verifier?.spec.type === "Script") {
    return tell(step, { ...status, step: "Scripting", stepStartTime: formatTime(step.now) });
  }
  return tell(step, ending(status, "Succeeded", { message: provenWords(status) }, step.now));
}

/** The job, or its pod, can't be made, and that does not pass. */
function refusal(step: Step, job: DrillJob | undefined): DrillDecision | undefined {
  const { problem } = step.view;
  const isMissing = job === undefined || isWithoutPod(job.outcome);
  if (!isMissing || problem === undefined || problem.isPassing === true) return undefined;
  return fail(step, problem.code, problem.message);
}

/** The job ended without its pod having told anything. */
function jobEnd(step: Step, job: DrillJob | undefined): DrillDecision | undefined {
  const refused = refusal(step, job);
  if (refused !== undefined) return refused;
  if (job?.outcome.kind === "failed") return fail(step, job.outcome.code, job.outcome.message);
  if (job?.outcome.kind !== "complete") return undefined;
  if (job.completeForMs < WORDS_MS) return wait("its job has ended", WORDS_MS - job.completeForMs);
  return fail(step, "JOB_FAILED", "the job that looks at what was restored ended without a word");
}

function scripting(step: Step): DrillDecision {
  const { view, status } = step;
  const { scriptJob: job } = view;
  const refused = refusal(step, job);
  if (refused !== undefined) return refused;
  if (job?.outcome.kind === "complete" || job?.outcome.kind === "failed") return { kind: "end-script", status };
  const gone = serverEnd(step);
  if (gone !== undefined) return gone;
  if (job === undefined || isWithoutPod(job.outcome)) {
    return again(step, { kind: "make-script-job", deadlineSeconds: leftSeconds(step) });
  }
  return stuck(step, job) ?? waitFor(step, job);
}
