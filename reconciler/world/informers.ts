/** The cluster in memory: one informer a resource, with the indexes that controllers ask for. */
import { type BackupBatch, parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { type BackupBlueprint, parseBackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession, type RestoreSession } from "../../shared/api/restore-session.ts";
import { placeOf } from "../../shared/backends.ts";
import { Label } from "../../shared/contract.ts";
import { type LimitRange, readLimitRange } from "../../shared/injection/limit-range.ts";
import { containersOf, isLabelled, isOwnContainer } from "../../shared/injection/own-parts.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { isJsonObject, textAt } from "../../shared/json/value.ts";
import {
  createInformer,
  type Informer,
  type InformerOptions,
  type InformerProblem,
} from "../../shared/kube/cache/informer.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { CLAIMS, JOBS, LIMIT_RANGES, NAMESPACES, PODS, QUOTAS, WORKLOADS } from "../../shared/kube/resources.ts";
import { resolveTargetRef, type TargetRefLike, targetKey } from "../../shared/target/ref.ts";
import { type AnnotatedTarget, readAnnotatedTarget } from "../blueprint/annotated-target.ts";
import { type JobFact, type JobPodFact, readJob, readJobPod } from "../jobs/object.ts";
import { keptFacts } from "./packed-template.ts";
import { createPodInformer } from "./pod-informer.ts";
import type { PodObject } from "./pod-object.ts";
import { type QuotaFact, readQuota } from "./quota-object.ts";
import { createTextPool } from "./text-pool.ts";
import { type SeenHostRun, seenHostRun, seenRepository } from "./without-points.ts";
import { readWorkloadObject, type WorkloadKind, type WorkloadObject } from "./workload-object.ts";

export interface World {
  /** Indexes: `Kind/namespace/name` of the invoker; targetKey() of each target; `namespace/name` of the Repository. */
  readonly sessions: Informer<BackupSession, "invoker" | "target" | "repository">;
  /** Indexes: targetKey() of each member; `namespace/name` of the Repository. */
  readonly configurations: Informer<BackupConfiguration, InvokerIndex>;
  readonly batches: Informer<BackupBatch, InvokerIndex>;
  readonly restoreSessions: Informer<RestoreSession, InvokerIndex>;
  readonly restoreBatches: Informer<RestoreBatch, InvokerIndex>;
  /** Index: `Kind/namespace/name` of the invoker. */
  readonly verifiers: Informer<BackupVerifier, "invoker">;
  /** Indexes: `namespace/name` of the verifier; uid. */
  readonly drills: Informer<BackupVerificationSession, "verifier" | "uid">;
  /** Indexes: uid of the session, restore, drill or Repository; `namespace/name` of the Repository whose points a pod told. */
  readonly hostRuns: Informer<SeenHostRun, "run" | "points">;
  /** Indexes: uid; placeOf() its backend. */
  readonly repositories: Informer<Repository, "uid" | "place">;
  readonly blueprints: Informer<BackupBlueprint>;
  /** Names, uids, labels and annotations of namespaces. */
  readonly namespaces: Informer<SeenNamespace>;
  /** What containers may ask for, and what all pods of a namespace may. */
  readonly limitRanges: Informer<LimitRange>;
  readonly quotas: Informer<QuotaFact>;
  /** Pods that carry one of our containers. Index: uid. */
  readonly pods: Informer<PodObject, "uid">;
  /** Jobs that work for sessions, restores and Repositories. Index: uid of what they work for. */
  readonly jobs: Informer<JobFact, "owner">;
  /** Pods of those jobs. Indexes: uid of the Job; uid. */
  readonly jobPods: Informer<JobPodFact, "job" | "uid">;
  /** Index: `namespace/name` of the BackupBatch that the label names. */
  readonly workloads: Readonly<Record<WorkloadKind, Informer<WorkloadObject, "batch">>>;
  /** Claims and AppBindings that name a blueprint. */
  readonly annotated: Readonly<Record<AnnotatedTarget["kind"], Informer<AnnotatedTarget>>>;
}

type InvokerIndex = "target" | "repository";

export interface WorldOptions {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  /** All namespaces when undefined. */
  readonly namespace?: string | undefined;
  readonly onProblem: (problem: InformerProblem) => void;
  /** The API server could not be reached for very long: end the process. */
  readonly onFail: (ageMs: number) => void;
}

/** Key of an object's Repository: its own namespace where the reference names none. */
function repositoryKeys(
  object: { readonly metadata: { readonly namespace: string } },
  ref: { readonly name?: string; readonly namespace?: string } | undefined,
): readonly string[] {
  return ref?.name ? [`${ref.namespace || object.metadata.namespace}/${ref.name}`] : [];
}

function targetKeys(namespace: string, refs: readonly (TargetRefLike | undefined)[]): readonly string[] {
  return refs.map((ref) => targetKey(resolveTargetRef(ref, namespace)));
}

/** What servers keep to know who wrote which field: a third of an object, and nothing that we read. */
function withoutManagedFields(raw: unknown): unknown {
  if (!isJsonObject(raw) || !isJsonObject(raw["metadata"])) return raw;
  const { managedFields: _managedFields, ...metadata } = raw["metadata"];
  return { ...raw, metadata };
}

/** Makes the informers; none reads anything before it is started. */
export function createWorld(options: WorldOptions): World {
  function inform<T, I extends string = never>(
    resource: Resource,
    transform: (raw: unknown) => T | undefined,
    indexes: InformerOptions<T, I>["indexes"],
    labelSelector?: string,
  ): Informer<T, I> {
    return createInformer<T, I>({
      ...options,
      labelSelector,
      resource,
      transform: (raw) => transform(withoutManagedFields(raw)),
      indexes,
    });
  }

  const texts = createTextPool();

  /** Of our own kinds there are thousands, each kept as it is. */
  function informOwn<T, I extends string>(
    resource: Resource,
    parse: (raw: unknown) => T,
    indexes: InformerOptions<T, I>["indexes"],
  ): Informer<T, I> {
    return inform<T, I>(resource, (raw) => parse(texts.share(raw)), indexes);
  }

  /** Whatever namespace is looked at. */
  const clusterWide = { ...options, namespace: undefined };

  const pods = createPodInformer({ ...options, shrink: withoutManagedFields });
  const followOldTemplate = (workload: WorkloadObject): void => {
    if (workload.hasOldTemplate === true) pods.followWithoutLabel(workload.facts.namespace);
  };

  const workloads = (kind: WorkloadKind) => {
    const informer = inform<WorkloadObject, "batch">(
      WORKLOADS[kind],
      (raw) => keptWorkload(readWorkloadObject(kind, raw)),
      {
        batch: ({ facts }) => {
          const batch = facts.labels[Label.BackupBatch];
          return batch ? [`${facts.namespace}/${batch}`] : [];
        },
      },
    );
    informer.subscribe({ add: followOldTemplate, update: (_before, after) => followOldTemplate(after) });
    return informer;
  };

  return {
    sessions: informOwn(KINDS.BackupSession, parseBackupSession, {
      invoker: ({ metadata, spec }) => [`${spec.invoker?.kind}/${metadata.namespace}/${spec.invoker?.name}`],
      target: ({ metadata, status }) =>
        targetKeys(
          metadata.namespace,
          (status?.targets ?? []).map(({ ref }) => ref),
        ),
      repository: (session) => repositoryKeys(session, session.status?.repository),
    }),
    configurations: informOwn(KINDS.BackupConfiguration, parseBackupConfiguration, {
      target: ({ metadata, spec }) => targetKeys(metadata.namespace, [spec.target?.ref]),
      repository: (invoker) => repositoryKeys(invoker, invoker.spec.repository),
    }),
    batches: informOwn(KINDS.BackupBatch, parseBackupBatch, {
      target: ({ metadata, spec }) =>
        targetKeys(
          metadata.namespace,
          (spec.members ?? []).map(({ target }) => target?.ref),
        ),
      repository: (invoker) => repositoryKeys(invoker, invoker.spec.repository),
    }),
    restoreSessions: informOwn(KINDS.RestoreSession, parseRestoreSession, {
      target: ({ metadata, spec }) => targetKeys(metadata.namespace, [spec.target?.ref]),
      repository: (invoker) => repositoryKeys(invoker, invoker.spec.repository),
    }),
    restoreBatches: informOwn(KINDS.RestoreBatch, parseRestoreBatch, {
      target: ({ metadata, spec }) =>
        targetKeys(
          metadata.namespace,
          (spec.members ?? []).map(({ target }) => target?.ref),
        ),
      repository: (invoker) => repositoryKeys(invoker, invoker.spec.repository),
    }),
    verifiers: informOwn(KINDS.BackupVerifier, parseBackupVerifier, {
      invoker: ({ metadata, spec }) => [`${spec.invoker.kind}/${metadata.namespace}/${spec.invoker.name}`],
    }),
    drills: informOwn(KINDS.BackupVerificationSession, parseBackupVerificationSession, {
      verifier: ({ metadata, spec }) => [`${metadata.namespace}/${spec.verifier}`],
      uid: ({ metadata }) => [metadata.uid].filter((uid) => uid !== undefined),
    }),
    hostRuns: informOwn(KINDS.HostRun, (raw) => seenHostRun(parseHostRun(raw)), {
      run: ({ spec }) => [spec.run.uid].filter((uid) => uid !== undefined),
      points: (run) => (run.toldPoints === undefined ? [] : repositoryKeys(run, run.spec.repository)),
    }),
    repositories: informOwn(KINDS.Repository, (raw) => seenRepository(parseRepository(raw)), {
      uid: ({ metadata }) => [metadata.uid].filter((uid) => uid !== undefined),
      place: ({ spec }) => [placeOf(spec.backend)].filter((place) => place !== undefined),
    }),
    blueprints: createInformer<BackupBlueprint>({
      ...clusterWide,
      resource: KINDS.BackupBlueprint,
      transform: (raw) => parseBackupBlueprint(withoutManagedFields(raw)),
      indexes: {},
    }),
    namespaces: createInformer<SeenNamespace>({
      ...clusterWide,
      resource: NAMESPACES,
      metadataOnly: true,
      transform: readNamespace,
      indexes: {},
    }),
    limitRanges: inform(LIMIT_RANGES, readLimitRange, {}),
    quotas: inform(QUOTAS, readQuota, {}),
    pods,
    jobs: inform(JOBS, readJob, { owner: ({ ownerUid }) => [ownerUid] }, Label.JobOwner),
    jobPods: inform(PODS, readJobPod, { job: ({ jobUid }) => [jobUid], uid: ({ uid }) => [uid] }, Label.JobOwner),
    workloads: {
      Deployment: workloads("Deployment"),
      StatefulSet: workloads("StatefulSet"),
      DaemonSet: workloads("DaemonSet"),
    },
    annotated: {
      PersistentVolumeClaim: createInformer<AnnotatedTarget>({
        ...options,
        resource: CLAIMS,
        metadataOnly: true,
        transform: (raw) => readAnnotatedTarget("PersistentVolumeClaim", raw),
        indexes: {},
      }),
      AppBinding: inform(KINDS.AppBinding, (raw) => readAnnotatedTarget("AppBinding", raw), {}),
    },
  };
}

function keptWorkload(workload: WorkloadObject | undefined): WorkloadObject | undefined {
  if (workload === undefined) return undefined;
  const { podTemplate } = workload.facts;
  const isOld = containersOf(podTemplate).some(isOwnContainer) && !isLabelled(podTemplate);
  return { ...workload, facts: keptFacts(workload.facts), ...(isOld && { hasOldTemplate: true as const }) };
}

export interface SeenNamespace extends NamespaceFacts {
  readonly uid: string | undefined;
  /** It is being deleted: nothing can be made in it any more. */
  readonly isEnding?: true;
}

function readNamespace(raw: unknown): SeenNamespace {
  return {
    uid: textAt(raw, "metadata", "uid"),
    name: textAt(raw, "metadata", "name") ?? "",
    labels: textMapAt(raw, "metadata", "labels"),
    annotations: textMapAt(raw, "metadata", "annotations"),
    ...(textAt(raw, "metadata", "deletionTimestamp") !== undefined && { isEnding: true }),
  };
}

export function isNamespaceEnding({ namespaces }: Pick<World, "namespaces">, namespace: string): boolean {
  return namespaces.get(undefined, namespace)?.isEnding === true;
}

/** What tells the cluster from others: it keeps its kube-system for as long as it lives. */
export function clusterIdOf({ namespaces }: Pick<World, "namespaces">): string | undefined {
  return namespaces.get(undefined, "kube-system")?.uid;
}

/** What all informers can do, whatever they hold. */
type AnyInformer = Pick<Informer<unknown>, "start" | "stop" | "hasSynced" | "healthy" | "size" | "unreadable">;

/** All informers of the world with their names. */
export function informersOf(world: World): readonly (readonly [string, AnyInformer])[] {
  const { workloads, annotated, ...rest } = world;
  return [...Object.entries(rest), ...Object.entries(workloads), ...Object.entries(annotated)];
}
