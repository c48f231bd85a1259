/** An API server's memory as far as the schedule sees it: names are unique, status patches merge, watchers are told. */
import type { BackupInvoker, ScheduleWorld } from "../../../../reconciler/schedule/ports.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import type { Clock } from "../../../../shared/clock.ts";
import { isSessionOf } from "../../../../shared/invoker/build-backup-session.ts";
import type { ChangeHandler } from "../../../../shared/kube/cache/store.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";

export class FakeCluster {
  readonly sessions = new Map<string, BackupSession>();
  /** Thrown by the next writes, first in first out. */
  readonly faults: KubeError[] = [];
  restore: string | undefined;
  statusWrites = 0;
  readonly #clock: Clock;
  readonly #invokers = new Map<string, BackupInvoker>();
  readonly #handlers = new Set<ChangeHandler<BackupInvoker>>();
  readonly #restoreHandlers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(invoker: BackupInvoker): void {
    const key = keyOf(invoker.kind, invoker.metadata.namespace, invoker.metadata.name);
    const before = this.#invokers.get(key);
    this.#invokers.set(key, invoker);
    for (const handler of this.#handlers) {
      if (before === undefined) handler.add?.(invoker);
      else handler.update?.(before, invoker);
    }
  }

  remove(invoker: BackupInvoker): void {
    this.#invokers.delete(keyOf(invoker.kind, invoker.metadata.namespace, invoker.metadata.name));
    for (const handler of this.#handlers) handler.delete?.(invoker);
  }

  get(kind: string, name: string): BackupInvoker {
    const invoker = this.#invokers.get(keyOf(kind, "demo", name));
    if (invoker === undefined) throw new Error(`no ${kind} ${name}`);
    return invoker;
  }

  setRestore(restore: string | undefined): void {
    this.restore = restore;
    for (const handler of this.#restoreHandlers) handler();
  }

  get sessionNames(): readonly string[] {
    return [...this.sessions.keys()].sort();
  }

  readonly world: ScheduleWorld = {
    findInvoker: ({ kind, namespace, name }) => this.#invokers.get(keyOf(kind, namespace, name)),
    subscribeInvokers: (handler) => {
      this.#handlers.add(handler);
      for (const invoker of this.#invokers.values()) handler.add?.(invoker);
      return () => this.#handlers.delete(handler);
    },
    sessionsOf: (id) => [...this.sessions.values()].filter((session) => isSessionOf(session, id)),
    findRestore: () => this.restore,
    subscribeRestores: (handler) => {
      this.#restoreHandlers.add(handler);
      return () => this.#restoreHandlers.delete(handler);
    },
  };

  readonly client: Pick<KubeClient, "create" | "get" | "patchStatus"> = {
    create: async (_resource, _namespace, body, parse) => {
      this.#failIfAsked();
      const session = parseBackupSession(body);
      const { name } = session.metadata;
      if (this.sessions.has(name)) throw refusal(409, "AlreadyExists");
      const creationTimestamp = new Date(this.#clock.now()).toISOString();
      this.sessions.set(name, { ...session, metadata: { ...session.metadata, creationTimestamp } });
      return parse(body);
    },
    get: async (_resource, _namespace, name, parse) => {
      const session = this.sessions.get(name);
      if (session === undefined) throw refusal(404, "NotFound");
      return parse(session);
    },
    patchStatus: async (resource, namespace, name, patch, parse) => {
      this.#failIfAsked();
      const kind = resource.plural === "backupbatches" ? "BackupBatch" : "BackupConfiguration";
      const present = this.#invokers.get(keyOf(kind, namespace ?? "", name));
      if (present === undefined) throw refusal(404, "NotFound");
      if (patch.kind !== "merge") throw refusal(415, "UnsupportedMediaType");
      this.statusWrites += 1;
      const status = { ...present.status, ...statusOf(patch.body) };
      this.put(present.kind === "BackupBatch" ? { ...present, status } : { ...present, status });
      return parse({});
    },
  };

  #failIfAsked(): void {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
  }
}

export function refusal(status: number, reason: string): KubeError {
  return new KubeError({ action: "write", status, reason, detail: "as the test wants" });
}

export function aBatch(name: string, spec: Partial<BackupBatch["spec"]> = {}): BackupBatch {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name, namespace: "demo", uid: `uid-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { schedule: "0 * * * *", retentionPolicy: { name: "keep", prune: true }, members: [], ...spec },
  };
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

function statusOf(body: unknown): object {
  const status = typeof body === "object" && body !== null && "status" in body ? body.status : undefined;
  if (typeof status !== "object" || status === null) throw new Error("no status in the patch");
  return status;
}
