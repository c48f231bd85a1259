/** Makes the jobs of a session's or restore's targets, and remembers why one can't be made. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { UserError } from "../../shared/errors.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type {
  BackupInvokerView,
  BackupMemberView,
  RestoreInvokerView,
  RestoreMemberView,
} from "../../shared/invoker/object.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Logger } from "../../shared/log.ts";
import { inNamespace } from "../authority.ts";
import { endJob, ensureJob } from "./ensure.ts";
import { gatherJob, gatherLimitRanges, gatherNamespace } from "./gather.ts";
import { gatherTarget } from "./gather-target.ts";
import { jobHosts } from "./host.ts";
import { isNews, type JobName, type JobProblem } from "./of-target.ts";
import { type JobDecision, planBackupJob, planRestoreJob } from "./plan.ts";
import { planPointSearch } from "./plan-point-search.ts";
import { POINT_SEARCH } from "./point-search.ts";
import { gatherPodRefusal, problemOf } from "./refusal.ts";
import type { JobOwner } from "./view.ts";

export interface JobOrder<Invoker, Member> {
  readonly owner: JobOwner;
  readonly invoker: Invoker;
  readonly member: Member;
  readonly repository: Repository | undefined;
  /** Milliseconds since the epoch; undefined without a deadline. */
  readonly deadlineAtMs: number | undefined;
  readonly nowMs: number;
}

export type BackupJobOrder = JobOrder<BackupInvokerView, BackupMemberView>;
export type RestoreJobOrder = JobOrder<RestoreInvokerView, RestoreMemberView>;

export interface JobMakerPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: InjectionSettings;
  readonly log: Logger;
}

/** What a program has still to tell after the deadline of its session passed. */
const DEADLINE_GRACE_SECONDS = 60;

/** What a job's view says of a target where there is none. */
const NO_TARGET = { task: undefined, appBinding: undefined, claim: undefined, claimUsers: [] } as const;

export class JobMaker {
  readonly #ports: JobMakerPorts;
  readonly #problems = new Map<string, Map<number, JobProblem>>();

  constructor(ports: JobMakerPorts) {
    this.#ports = ports;
  }

  /** Why jobs could not be made, by position of the target. Lost with the process: then it is tried again. */
  problems(ownerUid: string): ReadonlyMap<number, JobProblem> {
    return this.#problems.get(ownerUid) ?? new Map();
  }

  forget(ownerUid: string): void {
    this.#problems.delete(ownerUid);
  }

  /**
   * Ends a job that nobody waits for; its pod goes with it.
   *
   * @param owner the session or restore that it worked for
   * @throws KubeError; UserError OUTSIDE_NAMESPACE
   */
  async endJob(owner: Pick<JobOwner, "namespace">, job: JobName): Promise<void> {
    if (await endJob(inNamespace(this.#ports.client, owner.namespace), job))
      this.#ports.log.info({ job: job.name }, "job ended");
  }

  /** @throws KubeError when the API server refuses or can't be reached */
  async makeBackupJob(order: BackupJobOrder): Promise<void> {
    await this.#make(order, async (onFound) => {
      const common = await this.#view(order, "backup", onFound);
      return [planBackupJob({ ...common, verb: "backup" }, order.invoker.retentionPolicy)];
    });
  }

  /**
   * All jobs of the member.
   *
   * @throws KubeError when the API server refuses or can't be reached
   */
  async makeRestoreJobs(order: RestoreJobOrder): Promise<void> {
    await this.#make(order, async (onFound) => {
      const common = await this.#view(order, "restore", onFound);
      return jobHosts(order.member).map(({ ordinal }) => planRestoreJob({ ...common, verb: "restore", ordinal }));
    });
  }

  /**
   * The job that looks for recovery points; it is made with the settings of the first member.
   *
   * @throws KubeError when the API server refuses or can't be reached
   */
  async makePointSearch(order: Omit<RestoreJobOrder, "member">): Promise<void> {
    const { owner, invoker, repository } = order;
    const [first] = invoker.members;
    if (first === undefined) return;
    const member = { ...first, index: invoker.members.length };
    this.#problems.get(owner.uid)?.delete(POINT_SEARCH);
    await this.#make({ owner, member: { index: POINT_SEARCH }, nowMs: order.nowMs }, async () => {
      if (repository === undefined) throw new UserError("NOT_FOUND", "the Repository does not exist");
      const [namespace, limitRanges] = await Promise.all([
        gatherNamespace(this.#ports.client, owner.namespace),
        gatherLimitRanges(this.#ports.client, owner.namespace),
      ]);
      const view = { ...this.#common({ ...order, member }, repository), ...NO_TARGET, namespace, limitRanges };
      return [{ kind: "job", plan: planPointSearch({ ...view, verb: "restore", ordinal: undefined }) }];
    });
  }

  async #view<
    Invoker extends BackupInvokerView | RestoreInvokerView,
    Member extends BackupMemberView | RestoreMemberView,
  >(order: JobOrder<Invoker, Member>, verb: "backup" | "restore", onFound: () => void) {
    const { owner, member, repository } = order;
    if (repository === undefined) throw new UserError("NOT_FOUND", "the Repository does not exist");
    const { client } = this.#ports;
    const target = await gatherTarget(client, owner.namespace, member);
    onFound();
    const gathered = await gatherJob(client, owner.namespace, member, verb, target);
    return { ...gathered, ...this.#common(order, repository) };
  }

  #common<Invoker extends BackupInvokerView | RestoreInvokerView, Member extends BackupMemberView | RestoreMemberView>(
    { owner, invoker, member, deadlineAtMs, nowMs }: JobOrder<Invoker, Member>,
    repository: Repository,
  ) {
    const leftSeconds = deadlineAtMs === undefined ? undefined : Math.ceil((deadlineAtMs - nowMs) / 1_000);
    return {
      settings: this.#ports.settings,
      owner,
      invoker: { ...invoker, apiVersion: KINDS[invoker.kind].apiVersion },
      member,
      repository,
      deadlineSeconds: leftSeconds === undefined ? undefined : leftSeconds + DEADLINE_GRACE_SECONDS,
    };
  }

  async #make(
    { owner, member, nowMs }: Pick<JobOrder<unknown, Pick<RestoreMemberView, "index">>, "owner" | "member" | "nowMs">,
    plan: (onFound: () => void) => Promise<readonly JobDecision[]>,
  ): Promise<void> {
    const { client, log } = this.#ports;
    const fields = { owner: `${owner.kind} ${owner.namespace}/${owner.name}`, target: member.index };
    const problems = this.#problems.get(owner.uid) ?? new Map<number, JobProblem>();
    let isFound = false;
    const refuse = (problem: JobProblem): void => {
      const { code, message: error } = problem;
      // A target may be waited for all day.
      if (isNews(problems.get(member.index), problem)) log.warn({ ...fields, code, error }, "job refused");
      const seen = { ...(isFound && { target: "found" as const }), ...problem };
      this.#problems.set(owner.uid, problems.set(member.index, seen));
    };
    try {
      const decisions = await plan(() => {
        isFound = true;
      });
      const refused = decisions.find((decision) => decision.kind === "refused");
      if (refused !== undefined) throw refused.error;
      let podProblem: JobProblem | undefined;
      for (const decision of decisions) {
        if (decision.kind !== "job") continue;
        const job = await ensureJob(inNamespace(client, owner.namespace), decision.plan);
        log.info({ ...fields, job: job.name, host: decision.plan.hostname }, "job ensured");
        podProblem ??= await gatherPodRefusal(client, job, nowMs);
      }
      if (podProblem !== undefined) refuse(podProblem);
      else problems.delete(member.index);
    } catch (error) {
      const problem = problemOf(error);
      if (problem === undefined) throw error;
      refuse(problem);
    }
  }
}
