/** Orders that the reconciler would give, and what the agent makes of them. */
import { type HostRun, type HostRunSpec, parseHostRun } from "../../../shared/api/host-run.ts";
import type { HostStats, RestoreHostStats } from "../../../shared/api/host-stats.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { Label } from "../../../shared/contract.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import type { AgentWorld } from "./agent-world.ts";

/** The flags that name a target. */
export function targetFlags(world: AgentWorld, kind = "Deployment", name = "web"): readonly string[] {
  return [`--target-kind=${kind}`, `--target-name=${name}`, `--target-namespace=${world.namespace}`];
}

/** The cluster of the orders, as the reconciler knows it by its kube-system. */
export const CLUSTER_ID = "uid-of-kube-system";

/** Pod of orders that name none. */
const JOB_POD_UID = "uid-job";

/**
 * Gives an order as the reconciler does: found by its pod's uid. One that the pod has ended, and that has work on the repository since, has its status before a
 * pod can find it: an agent begins at once.
 */
export async function giveOrder(
  world: AgentWorld,
  name: string,
  spec: HostRunSpec,
  status: HostRun["status"] | undefined,
): Promise<void> {
  const { namespace, client } = world;
  const { apiVersion, kind } = KINDS.HostRun;
  const labels = { [Label.PodUid]: spec.pod.uid };
  const metadata = { name, namespace, ...(status === undefined && { labels }) };
  await client.create(KINDS.HostRun, namespace, { apiVersion, kind, metadata, spec }, asIs);
  if (status === undefined) return;
  await client.patchStatus(KINDS.HostRun, namespace, name, { kind: "merge", body: { status } }, asIs);
  await client.patch(KINDS.HostRun, namespace, name, { kind: "merge", body: { metadata: { labels } } }, asIs);
}

/** Changes what the reconciler may change of an order. */
export async function changeOrder(world: AgentWorld, name: string, spec: object): Promise<void> {
  await world.client.patch(KINDS.HostRun, world.namespace, name, { kind: "merge", body: { spec } }, asIs);
}

export async function readOrder(world: AgentWorld, name: string): Promise<HostRun> {
  return world.client.get(KINDS.HostRun, world.namespace, name, parseHostRun);
}

export interface SessionOptions {
  readonly name: string;
  /** Configuration whose paths, hooks and retention hold; none when it was not made here. */
  readonly invoker?: string;
  readonly entry: HostStats;
  readonly target?: { readonly kind: string; readonly name: string };
  readonly alias?: string;
  readonly deadline?: string;
}

interface ConfigurationOptions {
  readonly name?: string;
  readonly paths: readonly string[];
  readonly target?: { readonly args?: readonly string[]; readonly [field: string]: unknown };
  readonly spec?: {
    readonly hooks?: {
      readonly preBackup?: NonNullable<HostRunSpec["hooks"]>["before"];
      readonly postBackup?: NonNullable<HostRunSpec["hooks"]>["after"] & { readonly executionPolicy?: string };
    };
    readonly retentionPolicy?: NonNullable<HostRunSpec["retention"]>["policy"];
  };
}

const configurations = new Map<string, ConfigurationOptions>();

function backupPart(world: AgentWorld, invoker: string): Partial<HostRunSpec> {
  const { namespace } = world;
  const options = configurations.get(`${namespace}/${invoker}`);
  if (options === undefined) return {};
  const { preBackup, postBackup: { executionPolicy, ...postBackup } = {} } = options.spec?.hooks ?? {};
  const { retentionPolicy: policy } = options.spec ?? {};
  return {
    backup: {
      invoker: { kind: "BackupConfiguration", namespace, name: invoker },
      cluster: CLUSTER_ID,
      hosts: 1,
      members: 1,
      time: new Date().toISOString(),
      paths: options.paths,
      args: options.target?.args ?? [],
    },
    hooks: {
      ...(preBackup !== undefined && { before: preBackup }),
      ...(Object.keys(postBackup).length > 0 && { after: postBackup }),
      ...(executionPolicy !== undefined && { afterPolicy: executionPolicy }),
    },
    retention: { ...(policy !== undefined && { policy }), hosts: ["host-0"], paths: options.paths },
  };
}

/** The order that a session gives to one pod; `name` is both the session's and its own. */
export async function createSession(world: AgentWorld, options: SessionOptions): Promise<void> {
  const { namespace } = world;
  const { name, invoker = "nightly", entry, alias, deadline } = options;
  const { hostname = "host-0", pod = "web-1", podUID = JOB_POD_UID, phase, attempt = 1, actions } = entry;
  const isEnded = phase === "Succeeded" || phase === "Failed";
  const spec: HostRunSpec = {
    work: "Backup",
    run: { kind: "BackupSession", name, uid: `uid-of-${name}` },
    target: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace, ...options.target },
    targetIndex: 0,
    ...(alias !== undefined && { alias }),
    host: hostname,
    pod: { name: pod, uid: podUID },
    attempt,
    createdAt: new Date().toISOString(),
    assignedAt: new Date().toISOString(),
    ...(deadline !== undefined && { deadline }),
    repository: resolvedRepository(world),
    ...backupPart(world, invoker),
    ...(actions !== undefined && { actions }),
  };
  await giveOrder(world, name, spec, isEnded ? { phase } : undefined);
}

/** A BackupConfiguration of Deployment `web`, and what sessions of it order. */
export async function createConfiguration(world: AgentWorld, options: ConfigurationOptions): Promise<void> {
  const { namespace, client } = world;
  const { name = "nightly", paths, target, spec } = options;
  configurations.set(`${namespace}/${name}`, options);
  const { apiVersion, kind } = KINDS.BackupConfiguration;
  const body = {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      schedule: "0 3 * * *",
      repository: { name: "repo" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, paths, ...target },
      ...spec,
    },
  };
  await client.create(KINDS.BackupConfiguration, namespace, body, asIs);
}

/** What the pod of an order told, in the shape of a host's entry. */
export async function readEntry(world: AgentWorld, name: string): Promise<HostStats> {
  const { spec, status = {} } = await readOrder(world, name);
  const { restored: _restored, pointSearch: _pointSearch, ...told } = status;
  return { hostname: spec.host, podUID: spec.pod.uid, ...told };
}

/** Polls the entry until it is as wanted. @throws Error with the entry as it was at the end */
export function waitForEntry(
  world: AgentWorld,
  name: string,
  isAsWanted: (entry: HostStats) => boolean,
  timeoutMs = 30_000,
): Promise<HostStats> {
  return eventually(() => readEntry(world, name), isAsWanted, timeoutMs);
}

/** Whether the host has ended. */
export function isEnded(entry: HostStats): boolean {
  return entry.phase === "Succeeded" || entry.phase === "Failed";
}

export interface RestoreOptions {
  readonly name: string;
  readonly entry: RestoreHostStats;
  readonly rules?: NonNullable<HostRunSpec["restore"]>["rules"];
  readonly alias?: string;
  readonly target?: { readonly kind: string; readonly name: string };
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

/** The order that a restore gives to one pod. */
export async function createRestore(world: AgentWorld, options: RestoreOptions): Promise<void> {
  const { namespace } = world;
  const { name, entry, rules = [{ paths: [world.data] }], alias } = options;
  const { hostname = "host-0", pod = "web-1", podUID = JOB_POD_UID, attempt = 1 } = entry;
  const spec: HostRunSpec = {
    work: "Restore",
    run: { kind: "RestoreSession", name, uid: `uid-of-${name}` },
    target: { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace, ...options.target },
    ...(alias !== undefined && { alias }),
    host: hostname,
    pod: { name: pod, uid: podUID },
    attempt,
    assignedAt: new Date().toISOString(),
    repository: resolvedRepository(world),
    restore: { rules },
  };
  await giveOrder(world, `restore-${name}`, spec, undefined);
}

export async function readRestoreEntry(world: AgentWorld, name: string): Promise<RestoreHostStats> {
  const { spec, status = {} } = await readOrder(world, `restore-${name}`);
  const { restored, pointSearch: _pointSearch, snapshots: _snapshots, ...told } = status;
  return { hostname: spec.host, ...told, ...(restored !== undefined && { snapshots: restored }) };
}
