/** Jobs of a simulated session: made when the reconciler asks for them, each with one pod. */
import type { JobOutcome } from "../../../reconciler/jobs/decide.ts";
import { isJobMember, jobHosts } from "../../../reconciler/jobs/host.ts";
import type { JobProblem, TargetJobs } from "../../../reconciler/jobs/of-target.ts";
import { jobKey, type WorkloadFact } from "../../../reconciler/run/world.ts";
import type { BackupMemberView, RestoreMemberView } from "../../../shared/invoker/object.ts";
import { targetKey } from "../../../shared/target/ref.ts";
import type { SimulatedPods, SimulatedWorkload } from "./pods.ts";

interface SimulatedJob {
  readonly workload: SimulatedWorkload;
  outcome: JobOutcome;
}

export class SimulatedJobs {
  readonly #pods: SimulatedPods;
  readonly #jobs = new Map<number, SimulatedJob>();
  readonly #problems = new Map<number, JobProblem>();
  /** What a job is when it was made. */
  startsAs: JobOutcome = { kind: "running" };
  /** What a look for the target says, where that is not that it is there. */
  readonly absent = new Map<number, Pick<JobProblem, "message" | "target">>();

  constructor(pods: SimulatedPods) {
    this.#pods = pods;
  }

  /** The catalogue has every Task but `unknown`. */
  make(index: number, member: BackupMemberView | RestoreMemberView, nowMs: number): void {
    const absent = this.absent.get(index);
    if (absent !== undefined) {
      this.#problems.set(index, { code: "NOT_FOUND", isPassing: true, ...absent });
      return;
    }
    if (this.#problems.get(index)?.target !== undefined) this.#problems.delete(index);
    if (this.#jobs.has(index) || this.#problems.has(index)) return;
    const { taskName } = member;
    if (taskName === "unknown") {
      this.#problems.set(index, { code: "NOT_FOUND", message: `Task ${taskName} does not exist` });
      return;
    }
    const workload = { kind: "Job", namespace: member.ref.namespace, name: `job-${index}`, replicas: 1 };
    this.#pods.fill(workload, nowMs);
    for (const pod of this.#pods.list()) {
      if (pod.workload === workload && member.ref.kind === "AppBinding") pod.behindApp = member.ref.name;
    }
    this.#jobs.set(index, { workload, outcome: this.startsAs });
  }

  /** The API server takes no job of the target. */
  refuse(index: number, problem: JobProblem): void {
    this.#problems.set(index, problem);
  }

  /** Why jobs could not be made is lost with the process. */
  forget(): void {
    this.#problems.clear();
  }

  /** Whether another try to make it changes nothing now. */
  isTried(index: number): boolean {
    const problem = this.#problems.get(index);
    const absent = this.absent.get(index);
    if (absent !== undefined) return problem?.message === absent.message;
    return problem?.target === undefined && (problem?.isPassing === true || this.#jobs.has(index));
  }

  /** Its pod is evicted, and its controller makes another one. */
  evict(index: number, nowMs: number): void {
    const job = this.#jobs.get(index);
    if (job === undefined) throw new Error(`there is no job ${index}`);
    for (const pod of this.#pods.list()) {
      if (pod.workload !== job.workload) continue;
      pod.isAgentRunning = false;
      pod.isEnded = true;
    }
    this.#pods.fill(job.workload, nowMs);
  }

  /** What the job came to, or waits for; a failed one has no living pod. */
  set(index: number, outcome: JobOutcome): void {
    const job = this.#jobs.get(index);
    if (job === undefined) throw new Error(`there is no job ${index}`);
    job.outcome = outcome;
    for (const pod of this.#pods.list()) {
      if (pod.workload !== job.workload) continue;
      pod.isAgentRunning = outcome.kind === "running";
      pod.isEnded = outcome.kind === "failed" || outcome.kind === "complete";
    }
  }

  facts(members: readonly (BackupMemberView | RestoreMemberView)[]): {
    readonly jobs: TargetJobs;
    readonly workloads: readonly (readonly [string, WorkloadFact])[];
  } {
    const ofJobs = members.filter(isJobMember);
    return {
      jobs: new Map(
        ofJobs.map((member) => [
          member.index,
          {
            problem: this.#problems.get(member.index),
            hosts: jobHosts(member).map(({ hostname }) => ({
              hostname,
              outcome: this.#jobs.get(member.index)?.outcome,
            })),
          },
        ]),
      ),
      workloads: ofJobs.flatMap((member) => {
        const job = this.#jobs.get(member.index);
        if (job === undefined) return [];
        const fact = this.#pods.workloadFact(job.workload);
        const hosts = jobHosts(member).map(({ hostname }) => ({ hostname, pods: fact.pods }));
        return [[jobKey(targetKey(member.ref), member.alias), { ...fact, jobHosts: hosts }] as const];
      }),
    };
  }
}
