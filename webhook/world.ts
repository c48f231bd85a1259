/** The cluster as the webhook sees it: eight informers, and the questions that a decision asks of them. */
import { parseBackupBatch } from "../shared/api/backup-batch.ts";
import { type BackupBlueprint, parseBackupBlueprint } from "../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../shared/api/backup-configuration.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../shared/api/repository.ts";
import { parseRestoreBatch } from "../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../shared/api/restore-session.ts";
import type { InjectionWorld } from "../shared/injection/gather.ts";
import { type LimitRange, readLimitRange } from "../shared/injection/limit-range.ts";
import type { NamespaceFacts } from "../shared/injection/view.ts";
import { textMapAt } from "../shared/injection/workload.ts";
import {
  type BackupInvokerView,
  backupInvokerView,
  type RestoreInvokerView,
  restoreInvokerView,
} from "../shared/invoker/object.ts";
import { textAt } from "../shared/json/value.ts";
import { createInformer, type Informer, type InformerProblem } from "../shared/kube/cache/informer.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import type { Resource } from "../shared/kube/resource.ts";
import { LIMIT_RANGES, NAMESPACES } from "../shared/kube/resources.ts";
import { targetKey } from "../shared/target/ref.ts";

export interface RestoreEntry {
  readonly invoker: RestoreInvokerView;
  readonly phase: string;
}

export interface WebhookWorld extends InjectionWorld {
  start(): void;
  stop(): Promise<void>;
  /** Every resource was read once. */
  isSynced(): boolean;
  /** Milliseconds since the informer that heard least of the API server last did. */
  ageMs(): number;
}

export interface WorldOptions {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  readonly onProblem: (problem: InformerProblem) => void;
  /** An informer heard nothing for so long that what it holds can't be trusted. */
  readonly onFail: (ageMs: number) => void;
}

type Index = "target";

/** Makes the world; `start` begins to read. */
export function createWorld(options: WorldOptions): WebhookWorld {
  const byTarget = (members: readonly { readonly ref: Parameters<typeof targetKey>[0] }[]) =>
    members.map(({ ref }) => targetKey(ref));
  const backups = (resource: Resource, transform: (raw: unknown) => BackupInvokerView) =>
    createInformer<BackupInvokerView, Index>({
      ...options,
      resource,
      transform,
      indexes: { target: ({ members }) => byTarget(members) },
    });
  const restores = (resource: Resource, transform: (raw: unknown) => RestoreEntry) =>
    createInformer<RestoreEntry, Index>({
      ...options,
      resource,
      transform,
      indexes: { target: ({ invoker }) => byTarget(invoker.members) },
    });
  const configurations = backups(KINDS.BackupConfiguration, (raw) => backupInvokerView(parseBackupConfiguration(raw)));
  const batches = backups(KINDS.BackupBatch, (raw) => backupInvokerView(parseBackupBatch(raw)));
  const restoreSessions = restores(KINDS.RestoreSession, (raw) => restoreEntry(parseRestoreSession(raw)));
  const restoreBatches = restores(KINDS.RestoreBatch, (raw) => restoreEntry(parseRestoreBatch(raw)));
  const repositories = createInformer<Repository>({
    ...options,
    resource: KINDS.Repository,
    transform: withoutStatus,
    indexes: {},
  });
  const blueprints = createInformer<BackupBlueprint>({
    ...options,
    resource: KINDS.BackupBlueprint,
    transform: parseBackupBlueprint,
    indexes: {},
  });
  const namespaces = createInformer<NamespaceFacts>({
    ...options,
    resource: NAMESPACES,
    metadataOnly: true,
    transform: readNamespace,
    indexes: {},
  });
  const limitRanges = createInformer<LimitRange, "namespace">({
    ...options,
    resource: LIMIT_RANGES,
    transform: readLimitRange,
    indexes: { namespace: ({ namespace }) => [namespace] },
  });
  const ofInvokers = [configurations, batches, restoreSessions, restoreBatches, repositories, blueprints];
  const informers = [...ofInvokers, namespaces, limitRanges];
  const readiness = trackSync(informers);
  return {
    start: () => {
      for (const informer of informers) informer.start();
    },
    stop: async () => {
      await Promise.all(informers.map((informer) => informer.stop()));
    },
    isSynced: readiness,
    ageMs: () => Math.max(...informers.map((informer) => informer.healthy().ageMs)),
    namespace: (name) => namespaces.get(undefined, name),
    repository: (namespace, name) => repositories.get(namespace, name),
    blueprint: (name) => blueprints.get(undefined, name),
    backupBatch: (namespace, name) => batches.get(namespace, name),
    backupsNaming: (target) => [...configurations.byIndex("target", target), ...batches.byIndex("target", target)],
    limitRanges: (namespace) => limitRanges.byIndex("namespace", namespace),
    restoresNaming: (target) => [
      ...restoreSessions.byIndex("target", target),
      ...restoreBatches.byIndex("target", target),
    ],
  };
}

function restoreEntry(
  restore: Parameters<typeof restoreInvokerView>[0] & { readonly status?: { readonly phase?: string } },
): RestoreEntry {
  return { invoker: restoreInvokerView(restore), phase: restore.status?.phase ?? "" };
}

/** Decisions look at the spec alone, and the status of a used Repository changes with every session. */
function withoutStatus(raw: unknown): Repository {
  const { status: _, ...repository } = parseRepository(raw);
  return repository;
}

function readNamespace(raw: unknown): NamespaceFacts {
  return {
    name: textAt(raw, "metadata", "name") ?? "",
    labels: textMapAt(raw, "metadata", "labels"),
    annotations: textMapAt(raw, "metadata", "annotations"),
  };
}

/** Whether all have synced, without waiting. An informer that is stopped before never has. */
function trackSync(informers: readonly Pick<Informer<never>, "hasSynced">[]): () => boolean {
  let missing = informers.length;
  for (const informer of informers) {
    informer.hasSynced().then(
      () => missing--,
      () => {},
    );
  }
  return () => missing === 0;
}
