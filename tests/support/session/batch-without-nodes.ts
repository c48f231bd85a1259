/**
 * A batch of two members on the shared control plane, with pods and agents that stand in for real ones: everything around
 * the reconciler that its sessions need, and none of what takes time.
 */
import { createServer, type Server } from "node:http";
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { isFinalSessionPhase } from "../../../shared/status/backup-phase.ts";
import { eventually } from "../eventually.ts";
import { applyManifests, parseManifests } from "../objects/apply.ts";
import { followOne } from "../objects/follow.ts";
import { runPods } from "./stand-in-pods.ts";

/** Benches count the time until a session is seen to have ended. */
const POLL_MS = 20;

/** Requests of hooks, in the order of their arrival. */
export interface HookServer {
  readonly port: number;
  readonly calls: string[];
  stop(): Promise<void>;
}

/**
 * A server that global hooks call; it notes the path of each call.
 *
 * @param host address of this machine to listen on
 */
export async function startHookServer(host = "127.0.0.1"): Promise<HookServer> {
  const calls: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      calls.push(`${request.url} ${body}`);
      // Texts that API servers spell in their own way are the normal case.
      response.end("ok: a < b & c > d");
    });
  });
  await new Promise<void>((done) => server.listen(0, host, done));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    calls,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

const APPLICATION = `
apiVersion: v1
kind: Namespace
metadata: { name: NAMESPACE }
---
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: NAMESPACE }
stringData: { RESTIC_PASSWORD: none }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: NAMESPACE }
spec:
  backend:
    storageSecretName: backend
    rest: { url: "http://127.0.0.1:1/" }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db, namespace: NAMESPACE }
spec:
  replicas: 2
  serviceName: db
  podManagementPolicy: Parallel
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db, stash.appscode.com/injected: "true" } }
    spec:
      containers:
        - { name: app, image: none }
        - { name: stash, image: none }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: NAMESPACE }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web, stash.appscode.com/injected: "true" } }
    spec:
      containers:
        - { name: app, image: none }
        - { name: stash, image: none }
`;

const HOOK = (port: number, path: string) => `
      httpPost: { host: 127.0.0.1, port: ${port}, path: ${path}, scheme: HTTP, body: "{{ .Name }}" }`;

/** @param spec further lines of the batch's spec, each indented by two blanks */
export function batchManifest(namespace: string, hookPort: number, spec: string): string {
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: nightly, namespace: ${namespace} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  executionOrder: Sequential
  retentionPolicy: { name: keep, keepLast: 1, prune: true }
  hooks:
    preBackup:${HOOK(hookPort, "/before")}
    postBackup:${HOOK(hookPort, "/after")}
  members:
    - target: { alias: db, ref: { apiVersion: apps/v1, kind: StatefulSet, name: db }, paths: [/data] }
    - target: { alias: web, ref: { apiVersion: apps/v1, kind: Deployment, name: web }, paths: [/data] }
${spec}`;
}

/** Makes namespace, workloads and pods. */
export async function applyApplication(client: KubeClient, namespace: string): Promise<void> {
  await applyManifests(client, parseManifests(APPLICATION.replaceAll("NAMESPACE", namespace)));
  await runPods(client, namespace, "app=db", 2);
  await runPods(client, namespace, "app=web", 1);
}

/** Starts a session on request, as a user does. */
export async function startSession(
  client: KubeClient,
  namespace: string,
  name: string,
  retryLeft = 0,
  invoker = "nightly",
  kind: "BackupBatch" | "BackupConfiguration" = "BackupBatch",
): Promise<void> {
  const body = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace },
    spec: { invoker: { apiGroup: KINDS.BackupSession.group, kind, name: invoker }, retryLeft },
  };
  await client.create(KINDS.BackupSession, namespace, body, asIs);
}

export async function listSessions(client: KubeClient, namespace: string): Promise<readonly BackupSession[]> {
  return (await client.list(KINDS.BackupSession, namespace, parseBackupSession)).items;
}

/** @throws Error with the session's status when it does not become so in time */
export function untilSession(
  client: KubeClient,
  namespace: string,
  name: string,
  timeoutMs: number,
  isAsWanted: (session: BackupSession) => boolean = ({ status }) => isFinalSessionPhase(status?.phase),
): Promise<BackupSession> {
  const isThere = (found?: BackupSession): found is BackupSession => found !== undefined && isAsWanted(found);
  return followOne(client, KINDS.BackupSession, namespace, name, parseBackupSession, (read) =>
    eventually(read, isThere, timeoutMs, POLL_MS),
  );
}
