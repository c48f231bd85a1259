/** What is at work on a repository, as far as a user may see. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { MaintenancePhase } from "../../shared/api/closed-lists.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { Env, Label, LabelValue } from "../../shared/contract.ts";
import { listAt, parseJson, textAt } from "../../shared/json/value.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { Cluster } from "../cluster/interface.ts";
import { JOBS, PODS } from "../cluster/resources.ts";
import { readObjects } from "../objects/read.ts";
import { readRestores } from "../objects/restores.ts";
import { exitCodeOf } from "../repository-work/work-pod.ts";

export interface UsesAtWork {
  /** `BackupSession shop/nightly-1795966270`. */
  readonly users: readonly string[];
  /** Namespaces that the user may not look at. */
  readonly unseen: readonly string[];
}

/** Looks at the Repository itself, at what people do with it by Jobs, and at the namespaces of all invokers that use it. */
export async function findUsesAtWork(cluster: Cluster, repository: Repository): Promise<UsesAtWork> {
  const { metadata, status } = repository;
  const home = metadata.namespace ?? "";
  const named = (status?.references ?? []).flatMap(({ namespace }) => namespace ?? []);
  const users = maintenanceAtWork(repository);
  const unseen: string[] = [];
  const look = async (find: () => Promise<readonly string[]>) => {
    try {
      users.push(...(await find()));
    } catch (thrown) {
      const error = toUserError(thrown);
      if (error.code !== "API_FORBIDDEN") throw thrown;
      unseen.push(error.message);
    }
  };
  await look(() => findWorkJobs(cluster, home, metadata.name));
  for (const namespace of new Set([home, ...named])) await look(() => findRuns(cluster, namespace, repository));
  return { users, unseen };
}

function maintenanceAtWork({ status }: Repository): string[] {
  const [run] = status?.maintenanceRuns ?? [];
  return run?.phase === MaintenancePhase.Running ? [`its maintenance of ${run.startedAt}`] : [];
}

async function findRuns(cluster: Cluster, namespace: string, { metadata }: Repository): Promise<readonly string[]> {
  const isIt = (one: { readonly namespace?: string; readonly name?: string } | undefined) =>
    one?.name === metadata.name && (one.namespace || namespace) === metadata.namespace;
  const [sessions, restores] = await Promise.all([
    readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace }),
    readRestores(cluster, namespace),
  ]);
  const backups = sessions.entries.filter(({ object: { status } }) => {
    return status?.startTime !== undefined && !isFinalSessionPhase(status.phase) && isIt(status.repository);
  });
  const others = restores.entries.filter(({ object: { status } }) => {
    return status?.phase === "Running" && isIt(status.repository);
  });
  return [
    ...backups.map(({ object }) => `BackupSession ${namespace}/${object.metadata.name}`),
    ...others.map(({ object }) => `${object.kind} ${namespace}/${object.metadata.name}`),
  ];
}

/** Jobs that somebody's commands made for the Repository. A pod tells earlier than its Job that it has ended. */
async function findWorkJobs(cluster: Cluster, namespace: string, name: string): Promise<readonly string[]> {
  const labelSelector = `${Label.Component}=${LabelValue.ComponentRepositoryWork}`;
  const [jobs, pods] = await Promise.all([
    cluster.list(JOBS, namespace, { labelSelector }),
    cluster.list(PODS, namespace, { labelSelector }),
  ]);
  const ended = new Set(pods.filter((pod) => exitCodeOf(pod) !== undefined).map(jobOfPod));
  const atWork = jobs.filter((job) => {
    const hasEnded = listAt(job, "status", "conditions").some((condition) => {
      return ["Complete", "Failed"].includes(textAt(condition, "type") ?? "") && textAt(condition, "status") === "True";
    });
    return !hasEnded && !ended.has(textAt(job, "metadata", "name")) && repositoryOfJob(job) === name;
  });
  return atWork.map((job) => `Job ${namespace}/${textAt(job, "metadata", "name")}`);
}

const jobOfPod = (pod: unknown) => textAt(pod, "metadata", "labels", "job-name");

function repositoryOfJob(job: unknown): string | undefined {
  const [container] = listAt(job, "spec", "template", "spec", "containers");
  const env = listAt(container, "env").find((one) => textAt(one, "name") === Env.Repository);
  return textAt(parseJson(textAt(env, "value") ?? ""), "name");
}
