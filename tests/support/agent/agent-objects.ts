/** Objects that the reconciler would write, and what the agent makes of them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BackupSession, BackupSessionStatus } from "../../../shared/api/backup-session.ts";
import type { HostStats, RestoreHostStats } from "../../../shared/api/host-stats.ts";
import { KINDS, type KindName } from "../../../shared/api/kinds.ts";
import type { RestoreSession } from "../../../shared/api/restore-session.ts";
import { asIs } from "../../../shared/kube/client.ts";
import { targetLabelKey } from "../../../shared/target.ts";
import type { AgentWorld } from "./agent-world.ts";

/** The flags that name a target. */
export function targetFlags(world: AgentWorld, kind = "Deployment", name = "web"): readonly string[] {
  return [`--target-kind=${kind}`, `--target-name=${name}`, `--target-namespace=${world.namespace}`];
}

/** Makes an object of one of our kinds, then its status. */
export async function createWithStatus(
  world: AgentWorld,
  kind: KindName,
  object: {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    readonly [field: string]: unknown;
  },
  status: unknown,
): Promise<void> {
  const { namespace, client } = world;
  const body = {
    apiVersion: KINDS[kind].apiVersion,
    kind,
    ...object,
    metadata: { ...object.metadata, namespace },
  };
  await client.create(KINDS[kind], namespace, body, asIs);
  if (status !== undefined) await patchStatus(world, kind, object.metadata.name, status);
}

/** Merges into the status, as the reconciler's writes do. */
export async function patchStatus(world: AgentWorld, kind: KindName, name: string, status: unknown): Promise<void> {
  const patch = { kind: "merge", body: { status } } as const;
  await world.client.patchStatus(KINDS[kind], world.namespace, name, patch, asIs);
}

export interface SessionOptions {
  readonly name: string;
  readonly invoker?: string;
  readonly entry: HostStats;
  readonly status?: Partial<BackupSessionStatus>;
  readonly target?: { readonly kind: string; readonly name: string };
  readonly alias?: string;
}

/** A session whose one target has one host entry that was given to a pod. */
export async function createSession(world: AgentWorld, options: SessionOptions): Promise<void> {
  const { namespace } = world;
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace, ...options.target };
  await createWithStatus(
    world,
    "BackupSession",
    {
      metadata: { name: options.name, labels: { [targetLabelKey(ref)]: "true" } },
      spec: {
        invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: options.invoker ?? "nightly" },
      },
    },
    {
      phase: "Running",
      repository: resolvedRepository(world),
      targets: [
        {
          ref,
          ...(options.alias !== undefined && { alias: options.alias }),
          totalHosts: 1,
          phase: "Running",
          stats: [options.entry],
        },
      ],
      ...options.status,
    },
  );
}

/** A BackupConfiguration of Deployment `web`. */
export async function createConfiguration(
  world: AgentWorld,
  options: {
    readonly name?: string;
    readonly paths: readonly string[];
    readonly target?: Readonly<Record<string, unknown>>;
    readonly spec?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await createWithStatus(
    world,
    "BackupConfiguration",
    {
      metadata: { name: options.name ?? "nightly" },
      spec: {
        schedule: "0 3 * * *",
        repository: { name: "repo" },
        retentionPolicy: { name: "keep", keepLast: 5, prune: true },
        target: {
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
          paths: options.paths,
          ...options.target,
        },
        ...options.spec,
      },
    },
    undefined,
  );
}

function isSession(value: unknown): value is BackupSession {
  return typeof value === "object" && value !== null && "spec" in value;
}

export async function readSession(world: AgentWorld, name: string): Promise<BackupSession> {
  return world.client.get(KINDS.BackupSession, world.namespace, name, (value) => {
    if (!isSession(value)) throw new Error("no session");
    return value;
  });
}

/** The one host entry of a session. */
export async function readEntry(world: AgentWorld, name: string): Promise<HostStats> {
  return (await readSession(world, name)).status?.targets?.[0]?.stats?.[0] ?? {};
}

/** Polls the entry until it is as wanted. @throws Error with the entry as it was at the end */
export async function waitForEntry(
  world: AgentWorld,
  name: string,
  isAsWanted: (entry: HostStats) => boolean,
  timeoutMs = 30_000,
): Promise<HostStats> {
  const until = performance.now() + timeoutMs;
  let entry: HostStats = {};
  while (performance.now() < until) {
    entry = await readEntry(world, name);
    if (isAsWanted(entry)) return entry;
    await sleep(50);
  }
  throw new Error(`the entry of ${name} did not become as wanted: ${JSON.stringify(entry)}`);
}

/** Whether the host has ended. */
export function isEnded(entry: HostStats): boolean {
  return entry.phase === "Succeeded" || entry.phase === "Failed";
}

export interface RestoreOptions {
  readonly name: string;
  readonly entries: readonly RestoreHostStats[];
  readonly rules?: readonly unknown[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly target?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** The local repository of the world, as the reconciler resolves it. */
export function resolvedRepository(world: AgentWorld) {
  const { repository, namespace } = world;
  return {
    name: "repo",
    namespace,
    backend: { storageSecretName: "backend", local: { hostPath: { path: repository }, mountPath: repository } },
  };
}

/** A RestoreSession of Deployment `web`. */
export async function createRestore(world: AgentWorld, options: RestoreOptions): Promise<void> {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: world.namespace };
  await createWithStatus(
    world,
    "RestoreSession",
    {
      metadata: { name: options.name },
      spec: {
        repository: { name: "repo" },
        target: { ref, rules: options.rules ?? [{ paths: [world.data] }], ...options.target },
        ...options.spec,
      },
    },
    {
      phase: "Running",
      totalHosts: 1,
      repository: resolvedRepository(world),
      stats: options.entries,
      ...options.status,
    },
  );
}

function isRestore(value: unknown): value is RestoreSession {
  return typeof value === "object" && value !== null && "spec" in value;
}

export async function readRestoreEntry(world: AgentWorld, name: string): Promise<RestoreHostStats> {
  const restore = await world.client.get(KINDS.RestoreSession, world.namespace, name, (value) => {
    if (!isRestore(value)) throw new Error("no restore");
    return value;
  });
  return restore.status?.stats?.[0] ?? {};
}
