/** The cluster as the pages see it: eight kinds, watched with the rights of whoever started the program. */
import { parseBackupBatch } from "../../shared/api/backup-batch.ts";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import { parseRepository, type Repository } from "../../shared/api/repository.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { createInformer, type Informer } from "../../shared/kube/cache/informer.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Notice } from "../../web/wire/envelope.ts";
import type { BackupInvokerObject } from "../objects/invokers.ts";
import { byAge } from "../objects/list-input.ts";
import type { Entry } from "../objects/read.ts";
import type { RestoreObject } from "../objects/restores.ts";
import { createContact } from "./contact.ts";

/** Kinds that whoever looks may not read. */
export type Unreadable = ReadonlySet<string>;

/** What views are made of. */
export interface WorldView {
  readonly isLoading: boolean;
  readonly notices: readonly Notice[];
  readonly unreadable: Unreadable;
  invokers(): readonly BackupInvokerObject[];
  /** All, or those of one application, newest first. */
  sessions(of?: BackupInvokerObject): readonly BackupSession[];
  restores(namespace?: string): readonly RestoreObject[];
  repositories(): readonly Entry<Repository>[];
  verifiers(): readonly BackupVerifier[];
  /** Without their evidence, newest first. */
  drills(): readonly BackupVerificationSession[];
}

export interface World {
  start(): void;
  stop(): Promise<void>;
  onChange(changed: () => void): () => void;
  look(nowMs: number): WorldView;
}

export interface WorldOptions {
  readonly client: Pick<KubeClient, "listPages" | "watch">;
  /** Undefined: all namespaces. */
  readonly scope: string | undefined;
  /** What whoever may not look at all namespaces does instead. */
  readonly narrower?: string | undefined;
  /** How far the cluster's clock is from this machine's. */
  readonly skewMs?: () => number;
}

const keyOf = (kind: string | undefined, namespace: string, name: string | undefined) => `${kind}/${namespace}/${name}`;

/** Evidence is for whoever checks it, and larger than all the rest. */
function parseDrill(raw: unknown): BackupVerificationSession {
  const drill = parseBackupVerificationSession(raw);
  if (drill.status?.evidence === undefined) return drill;
  const { evidence: _, ...status } = drill.status;
  return { ...drill, status };
}

/** Makes the world; `start` begins to read. */
export function createWorld({ client, scope, narrower, skewMs = () => 0 }: WorldOptions): World {
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const contact = createContact({ scope, narrower, now: () => Date.now() + skewMs() }, changed);

  function watch<T, I extends string = never>(
    kind: KindEntry,
    parse: (raw: unknown) => T,
    indexes: Readonly<Record<I, (object: T) => readonly string[]>>,
  ): Informer<T, I> {
    const informer = createInformer<T, I>({
      client,
      resource: kind,
      namespace: scope,
      transform: (raw) => parse({ apiVersion: kind.apiVersion, kind: kind.kind, ...Object(raw) }),
      indexes,
      onProblem: (problem) => contact.note(kind, problem),
      timings: { backoff: { baseMs: 200, maxMs: 5_000 } },
    });
    contact.follow(kind, informer);
    informer.subscribe({ add: changed, update: changed, delete: changed });
    return informer;
  }

  const batches = watch<BackupInvokerObject>(KINDS.BackupBatch, parseBackupBatch, {});
  const configurations = watch<BackupInvokerObject>(KINDS.BackupConfiguration, parseBackupConfiguration, {});
  const sessions = watch<BackupSession, "invoker">(KINDS.BackupSession, parseBackupSession, {
    invoker: ({ spec: { invoker }, metadata }) => [keyOf(invoker?.kind, metadata.namespace, invoker?.name)],
  });
  const restoreBatches = watch<RestoreObject>(KINDS.RestoreBatch, parseRestoreBatch, {});
  const restoreSessions = watch<RestoreObject>(KINDS.RestoreSession, parseRestoreSession, {});
  const repositories = watch<Entry<Repository>>(KINDS.Repository, (raw) => ({ raw, object: parseRepository(raw) }), {});
  const verifiers = watch<BackupVerifier>(KINDS.BackupVerifier, parseBackupVerifier, {});
  const drills = watch<BackupVerificationSession>(KINDS.BackupVerificationSession, parseDrill, {});
  const all = [batches, configurations, sessions, restoreBatches, restoreSessions, repositories, verifiers, drills];

  return {
    start: () => {
      for (const informer of all) informer.start();
    },
    stop: async () => {
      contact.stop();
      await Promise.all(all.map((informer) => informer.stop()));
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    look(nowMs) {
      const told = contact.look(nowMs);
      const shown = <T>({ kind }: KindEntry, objects: readonly T[]) => (told.withheld.has(kind) ? [] : [...objects]);
      return {
        ...told,
        invokers: () => [
          ...shown(KINDS.BackupBatch, batches.list()),
          ...shown(KINDS.BackupConfiguration, configurations.list()),
        ],
        sessions(of) {
          const found =
            of === undefined
              ? sessions.list()
              : sessions.byIndex("invoker", keyOf(of.kind, of.metadata.namespace, of.metadata.name));
          return shown(KINDS.BackupSession, found).sort(byAge);
        },
        restores: (namespace) =>
          [
            ...shown(KINDS.RestoreBatch, restoreBatches.list(namespace)),
            ...shown(KINDS.RestoreSession, restoreSessions.list(namespace)),
          ].sort(byAge),
        repositories: () => shown(KINDS.Repository, repositories.list()),
        verifiers: () => shown(KINDS.BackupVerifier, verifiers.list()),
        drills: () => shown(KINDS.BackupVerificationSession, drills.list()).sort(byAge),
      };
    },
  };
}
