/**
 * A namespace in which real agent processes run against a real API server, without a kubelet: an identity with an agent's
 * rights, folders in place of the mounted volumes, and a hand that writes what the reconciler would write.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BackupSession, BackupSessionStatus } from "../../../shared/api/backup-session.ts";
import type { HostStats, RestoreHostStats } from "../../../shared/api/host-stats.ts";
import { KINDS, type KindName } from "../../../shared/api/kinds.ts";
import type { RestoreSession } from "../../../shared/api/restore-session.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client.ts";
import { targetLabelKey } from "../../../shared/target.ts";
import { KUBERNETES } from "../objects/resources.ts";

const MAIN = join(import.meta.dirname, "..", "..", "..", "agent", "main.ts");
export const PASSWORD = "a password of tests";

export interface AgentWorld {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Temporary folder of the world; the folders below lie in it. */
  readonly dir: string;
  readonly scratch: string;
  readonly secrets: string;
  readonly identity: string;
  /** Folder of the local repository. */
  readonly repository: string;
  /** Folder of the data. */
  readonly data: string;
  readonly serverUrl: string;
  stop(): Promise<void>;
}

function tokenOf(value: unknown): string {
  const status = typeof value === "object" && value !== null && "status" in value ? value.status : undefined;
  if (typeof status === "object" && status !== null && "token" in status && typeof status.token === "string") {
    return status.token;
  }
  throw new Error("the API server gave no token");
}

const RULES = [
  { apiGroups: ["stash.appscode.com"], resources: ["*"], verbs: ["get", "list", "watch"] },
  {
    apiGroups: ["stash.appscode.com"],
    resources: ["backupsessions/status", "restoresessions/status", "restorebatches/status"],
    verbs: ["patch"],
  },
];

/** Makes the namespace, the rights and the folders. */
export async function createAgentWorld(
  client: KubeClient,
  api: { serverUrl: string; caPem: string },
): Promise<AgentWorld> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-agent-"));
  const namespace = `agent-${dir.slice(-6).toLowerCase()}`;
  const folders = {
    scratch: join(dir, "scratch"),
    secrets: join(dir, "secrets"),
    identity: join(dir, "identity"),
    repository: join(dir, "repository"),
    data: join(dir, "data"),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  await mkdir(join(folders.secrets, "backend"));
  await writeFile(join(folders.secrets, "backend", "RESTIC_PASSWORD"), PASSWORD);
  await client.create(KUBERNETES.Namespace, undefined, { metadata: { name: namespace } }, asIs);
  const account = { metadata: { name: "workload", namespace } };
  await client.create(KUBERNETES.ServiceAccount, namespace, account, asIs);
  await client.create(KUBERNETES.Role, namespace, { metadata: { name: "agent", namespace }, rules: RULES }, asIs);
  await client.create(
    KUBERNETES.RoleBinding,
    namespace,
    {
      metadata: { name: "agent", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "agent" },
      subjects: [{ kind: "ServiceAccount", name: "workload", namespace }],
    },
    asIs,
  );
  const request = { spec: { expirationSeconds: 3_600 } };
  const token = await client.createSubresource(
    KUBERNETES.ServiceAccount,
    namespace,
    "workload",
    "token",
    request,
    tokenOf,
  );
  await writeFile(join(folders.identity, "token"), token);
  await writeFile(join(folders.identity, "ca.crt"), api.caPem);
  await writeFile(join(folders.identity, "namespace"), namespace);
  return {
    client,
    namespace,
    dir,
    ...folders,
    serverUrl: api.serverUrl,
    async stop() {
      await client.delete(KUBERNETES.Namespace, undefined, namespace);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface AgentProcess {
  readonly child: ChildProcess;
  /** All it wrote so far. */
  output(): string;
  /** Sends the signal and waits for the end. @returns the exit code */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  exited: Promise<number | null>;
}

export interface AgentOptions {
  readonly args: readonly string[];
  readonly podUid: string;
  readonly podName?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the agent as a container's main process would run, in a process group of its own. */
export function startAgent(world: AgentWorld, options: AgentOptions): AgentProcess {
  const { hostname, port } = new URL(world.serverUrl);
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...options.args,
      `--identity-dir=${world.identity}`,
      `--secrets-dir=${world.secrets}`,
      `--scratch-dir=${world.scratch}`,
    ],
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        POD_NAME: options.podName ?? "web-1",
        POD_UID: options.podUid,
        POD_NAMESPACE: world.namespace,
        POD_IP: "127.0.0.1",
        NODE_NAME: "node-1",
        ...options.env,
      },
    },
  );
  let output = "";
  const log = createWriteStream(join(world.dir, `agent-${child.pid}.log`));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      log.write(chunk);
    });
  }
  const exited = once(child, "close").then(() => child.exitCode);
  return {
    child,
    output: () => output,
    exited,
    async end(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
}

/** Kills all processes of the agent at once, as the end of a container does. */
export async function killContainer(agent: AgentProcess): Promise<void> {
  if (agent.child.pid !== undefined) {
    try {
      process.kill(-agent.child.pid, "SIGKILL");
    } catch {
      // All of them are gone already.
    }
  }
  await agent.exited;
}

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
      targets: [{ ref, totalHosts: 1, phase: "Running", stats: [options.entry] }],
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
