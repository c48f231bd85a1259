/** Reads what the decision about one drill needs, from informers and memory alone. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { VerifiedInvoker } from "../../shared/api/backup-verifier.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import type { BackupInvokerView } from "../../shared/invoker/object.ts";
import { mayUseRepository } from "../../shared/repository/usage-policy.ts";
import { decideJobOutcome } from "../jobs/decide.ts";
import { jobsOf, podsOf } from "../jobs/gather-of-targets.ts";
import type { JobProblem } from "../jobs/of-target.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import type { World } from "../world/informers.ts";
import { findInvokerObject, gatherInvoker } from "../world/invokers.ts";
import { openRestores } from "../world/targets.ts";
import { drillBatchName, scriptJobName, verifyJobName } from "./names.ts";
import { drillNameOf } from "./objects.ts";
import { isFinalDrill } from "./status.ts";
import type { DrillJob, DrillView } from "./view.ts";

/** What the process itself remembers, and is told. */
export interface DrillMemory {
  readonly problem: JobProblem | undefined;
  readonly sinceTryMs: number | undefined;
  readonly podWaitMs: number;
  /** For how long the job of this uid is known to be complete. */
  completeForMs(uid: string): number;
}

export function gatherDrill(world: World, drill: BackupVerificationSession, memory: DrillMemory): DrillView {
  const { namespace, uid = "" } = drill.metadata;
  const name = drillNameOf(drill);
  const verifier = world.verifiers.get(namespace, drill.spec.verifier);
  const named = drill.status?.invoker ?? verifier?.spec.invoker;
  const invoker = named && findInvoker(world, namespace, named);
  const jobs = jobsOf(world, { namespace, uid });
  const jobNamed = (wanted: string): DrillJob | undefined => {
    const job = jobs.find((one) => one.name === wanted);
    if (job === undefined) return undefined;
    const pods = podsOf(world, job);
    const outcome = decideJobOutcome(job, pods);
    const pod = pods.filter(({ isTerminating }) => !isTerminating).at(-1);
    return {
      name: job.name,
      namespace: job.namespace,
      uid: job.uid,
      outcome,
      completeForMs: outcome.kind === "complete" ? memory.completeForMs(job.uid) : 0,
      pod: pod && { name: pod.name, uid: pod.uid, ip: pod.podIp },
    };
  };
  const batch = world.restoreBatches.get(namespace, drillBatchName(name));
  return {
    drill,
    verifier,
    invoker,
    repository: invoker && usableRepository(world, invoker),
    sessions: named === undefined ? [] : world.sessions.byIndex("invoker", `${named.kind}/${namespace}/${named.name}`),
    earlier: named && earlierDrill(world, drill, named),
    restore: invoker && findRestore(world, invoker),
    batch: batch !== undefined && isOfDrill(batch, uid) ? batch : undefined,
    verifyJob: jobNamed(verifyJobName(name)),
    scriptJob: jobNamed(scriptJobName(name)),
    serverJobs: new Map(
      (drill.status?.servers ?? []).flatMap((server) => {
        const job = jobNamed(server.name);
        return job === undefined ? [] : [[server.name, job] as const];
      }),
    ),
    hostRuns: [...hostRunsOf(world, namespace, uid).values()],
    problem: memory.problem,
    sinceTryMs: memory.sinceTryMs,
    podWaitMs: memory.podWaitMs,
  };
}

function isOfDrill({ metadata }: Pick<RestoreBatch, "metadata">, uid: string): boolean {
  return (metadata.ownerReferences ?? []).some((owner) => owner.controller === true && owner.uid === uid);
}

function findInvoker(world: World, namespace: string, { kind, name }: VerifiedInvoker): BackupInvokerView | undefined {
  const object = findInvokerObject(world, { kind, namespace, name });
  try {
    return object && gatherInvoker(world, object).view;
  } catch (error) {
    // A duration that can't be read is told by the invoker itself.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function usableRepository(world: World, { repository: ref, namespace }: BackupInvokerView): Repository | undefined {
  const repository = ref && world.repositories.get(ref.namespace, ref.name);
  if (repository === undefined || repository.metadata.deletionTimestamp !== undefined) return undefined;
  const isAllowed = mayUseRepository({
    usagePolicy: repository.spec.usagePolicy,
    repositoryNamespace: repository.metadata.namespace,
    namespace,
    namespaceLabels: world.namespaces.get(undefined, namespace)?.labels ?? {},
  });
  return isAllowed ? repository : undefined;
}

function earlierDrill(
  world: World,
  { metadata }: BackupVerificationSession,
  { kind, name }: VerifiedInvoker,
): string | undefined {
  const { namespace } = metadata;
  const others = world.drills.list(namespace).filter((other) => {
    const of = other.status?.invoker ?? world.verifiers.get(namespace, other.spec.verifier)?.spec.invoker;
    const isOpen = !isFinalDrill(other) && other.metadata.deletionTimestamp === undefined;
    return isOpen && other.metadata.uid !== metadata.uid && of?.kind === kind && of.name === name;
  });
  const keyOf = (one: BackupVerificationSession["metadata"]) => `${one.creationTimestamp ?? ""} ${one.name}`;
  const isFirst = ({ metadata: other, status }: BackupVerificationSession) =>
    (status?.step !== undefined && status.step !== "Pending") || keyOf(other) < keyOf(metadata);
  return others.find(isFirst)?.metadata.name;
}

/** One that only waits, or only tells what it would do, is in nobody's way. */
function findRestore(world: World, { members }: BackupInvokerView): string | undefined {
  const refs = members.map(({ ref }) => ref);
  const [open] = openRestores(world, refs).values();
  return open && `${open.kind} ${open.metadata.namespace}/${open.metadata.name}`;
}
