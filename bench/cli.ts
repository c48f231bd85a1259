/**
 * How long somebody waits for `kubectl stash status` with 1,000 batches on a real API server: to the first output, and beside that what
 * the same lists take alone, and what the program takes that does nothing.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPlugin, PLUGIN_FILE } from "../scripts/build.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { createKubeClient } from "../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../shared/kube/client/interface.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { runPlugin } from "../tests/support/cli/plugin.ts";
import { startControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";

const BATCHES = 1_000;
const SESSIONS_EACH = 2;
const NAMESPACE = "bench";
const CONCURRENCY = 16;
const ROUNDS = 7;

function aBatch(name: string) {
  return {
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: KINDS.BackupBatch.kind,
    metadata: { name, namespace: NAMESPACE },
    spec: {
      schedule: "0 3 * * *",
      timeZone: "Europe/Berlin",
      repository: { name: "repo" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      members: ["web", "db"].map((part) => ({
        target: { alias: part, ref: { apiVersion: "apps/v1", kind: "Deployment", name: `${name}-${part}` } },
      })),
    },
  };
}

function aSession(batch: string, second: number) {
  return {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: KINDS.BackupSession.kind,
    metadata: { name: `${batch}-${1_795_966_270 + second}`, namespace: NAMESPACE },
    spec: { invoker: { apiGroup: KINDS.BackupBatch.group, kind: "BackupBatch", name: batch } },
  };
}

function aSessionStatus() {
  const time = new Date().toISOString();
  const targets = ["web", "db"].map((part) => ({
    alias: part,
    ref: { apiVersion: "apps/v1", kind: "Deployment", name: part },
    phase: "Succeeded",
    totalHosts: 1,
    stats: [{ hostname: part, phase: "Succeeded", snapshots: [{ name: "0123abcd", path: "/data", sizeBytes: 1_000 }] }],
  }));
  return { status: { phase: "Succeeded", startTime: time, completionTime: time, sessionDuration: "3s", targets } };
}

async function fill(client: KubeClient): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < BATCHES; index = next++) {
      const name = `batch-${index}`;
      await client.create(KINDS.BackupBatch, NAMESPACE, aBatch(name), asIs);
      for (let second = 0; second < SESSIONS_EACH; second++) {
        const session = aSession(name, second);
        await client.create(KINDS.BackupSession, NAMESPACE, session, asIs);
        const patch = { kind: "merge", body: aSessionStatus() } as const;
        await client.patchStatus(KINDS.BackupSession, NAMESPACE, session.metadata.name, patch, asIs);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN);
}

export async function run(): Promise<Readonly<Record<string, number>>> {
  const folder = await mkdtemp(join(tmpdir(), "stash-batch-bench-cli-"));
  const plane = await startControlPlane({ scheduler: false, controllerManager: false });
  try {
    await buildPlugin(folder);
    const connection = await findConnection({ env: {}, kubeconfigPath: plane.kubeconfigPath });
    const client = createKubeClient({ connection, program: "bench" });
    await client.create(
      KUBERNETES.Namespace,
      undefined,
      { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
      asIs,
    );
    await fill(client);
    const file = join(folder, PLUGIN_FILE);
    const env = { KUBECONFIG: plane.kubeconfigPath };
    const [first, all, nothing, lists]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now();
      let firstMs: number | undefined;
      const status = await runPlugin(file, ["status", "-n", NAMESPACE], {
        env,
        onOutput: () => {
          firstMs ??= performance.now() - startedMs;
          return undefined;
        },
      });
      if (status.exitCode !== 0) throw new Error(status.stderr);
      first.push(firstMs ?? Number.NaN);
      all.push(status.tookMs);
      nothing.push((await runPlugin(file, ["version"], { env })).tookMs);
      const listedMs = performance.now();
      await Promise.all([KINDS.BackupBatch, KINDS.BackupSession].map((kind) => client.list(kind, NAMESPACE, asIs)));
      lists.push(performance.now() - listedMs);
    }
    client.close();
    return {
      statusFirstOutputMs: median(first),
      statusMs: median(all),
      versionMs: median(nothing),
      bareListsMs: median(lists),
    };
  } finally {
    await plane.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
