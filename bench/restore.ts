/**
 * How long people wait: from an invoker to its sidecar, from a restore to the data and to the ready workload, on the real node,
 * and how many processes of restic it takes. The Deployment and its data are tiny: what is left is ours, the kubelet's and
 * restic's own opening of the repository (`bareResticMs`: one command that only opens it).
 */
import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KINDS } from "../shared/api/kinds.ts";
import { parseRestoreSession } from "../shared/api/restore-session.ts";
import { waitForContainer, waitForPods, waitForReadyPods } from "../tests/support/objects/pods.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";
import { startSession, untilSession } from "../tests/support/session/batch-without-nodes.ts";
import {
  median,
  NAMESPACE,
  RUNTIME_SETTINGS,
  readIntervals,
  startTinyStage,
  type TinyStage,
  workload,
} from "./_tiny-stage.ts";

const ROUNDS = 5;
const END_MS = 60_000;
const POLL_MS = 20;

const target = (name: string) => `
    ref: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
    volumeMounts: [{ name: files, mountPath: /data }]`;

const configuration = (name: string) => `
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: false }
  runtimeSettings: ${RUNTIME_SETTINGS}
  target: ${target(name)}
    paths: [/data/files]
`;

const restore = (name: string, workloadName: string) => `
apiVersion: stash.appscode.com/v1beta1
kind: RestoreSession
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  repository: { name: store }
  runtimeSettings: ${RUNTIME_SETTINGS}
  target: ${target(workloadName)}
    rules: [{ paths: [/data/files] }]
`;

async function untilRestored(stage: TinyStage, name: string): Promise<void> {
  for (const deadline = performance.now() + END_MS; performance.now() < deadline; ) {
    const { status } = await stage.client.get(KINDS.RestoreSession, NAMESPACE, name, parseRestoreSession);
    if (status?.phase === "Succeeded") return;
    if (status?.phase === "Failed" || status?.phase === "Invalid") throw new Error(JSON.stringify(status));
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  throw new Error(`RestoreSession ${name} does not end`);
}

interface RestoreTimes {
  readonly restoreMs: number;
  readonly readyMs: number;
  readonly resticProcesses: number;
}

/** Restores into a workload that runs: until the data is there, and until a pod made for it is ready and the only one. */
async function timeRestore(stage: TinyStage, name: string, workloadName: string): Promise<RestoreTimes> {
  const selector = `app=${workloadName}`;
  const before = await waitForReadyPods(stage.client, NAMESPACE, selector, 1, END_MS);
  await rm(join(stage.folder, "files", "tiny"));
  await rm(stage.log, { force: true });
  const begin = performance.now();
  await stage.apply(restore(name, workloadName));
  await untilRestored(stage, name);
  const restoreMs = performance.now() - begin;
  const at = { namespace: NAMESPACE, selector, timeoutMs: END_MS };
  await waitForPods(stage.client, at, ([pod, ...others]) => {
    return pod !== undefined && others.length === 0 && pod.isReady && pod.uid !== before[0]?.uid;
  });
  return {
    restoreMs,
    readyMs: performance.now() - begin,
    resticProcesses: (await readIntervals(stage.log)).length,
  };
}

async function timeSidecar(stage: TinyStage, name: string): Promise<number> {
  await stage.apply(workload("Deployment", name, 1, stage.folder));
  await waitForReadyPods(stage.client, NAMESPACE, `app=${name}`, 1, END_MS);
  const begin = performance.now();
  await stage.apply(configuration(name));
  const at = { namespace: NAMESPACE, selector: `app=${name}`, timeoutMs: END_MS };
  await waitForPods(stage.client, at, (pods) => pods.some((pod) => pod.isReady && pod.containers.includes("stash")));
  const readyMs = performance.now() - begin;
  // Until the pod before it is gone too: nothing of it may be measured with what follows.
  await waitForContainer(stage.client, NAMESPACE, `app=${name}`, "stash", 1, END_MS);
  return readyMs;
}

async function countSessionProcesses(stage: TinyStage, name: string, session: string): Promise<number> {
  await rm(stage.log, { force: true });
  await startSession(stage.client, NAMESPACE, session, 0, name, "BackupConfiguration");
  const { status } = await untilSession(stage.client, NAMESPACE, session, END_MS);
  if (status?.phase !== "Succeeded") throw new Error(`session ${session}: ${JSON.stringify(status)}`);
  return (await readIntervals(stage.log)).length;
}

/** The next round has the folder to itself: no restore begins while another pod has its data mounted. */
async function clear(stage: TinyStage, name: string): Promise<void> {
  await stage.client.delete(KINDS.BackupConfiguration, NAMESPACE, name);
  await stage.client.delete(KUBERNETES.Deployment, NAMESPACE, name);
  await waitForReadyPods(stage.client, NAMESPACE, `app=${name}`, 0, END_MS);
}

function timeBareRestic(stage: TinyStage): number {
  const env = { ...process.env, RESTIC_PASSWORD: "bench", RESTIC_REPOSITORY: join(stage.cluster.dir, "repository") };
  const begin = performance.now();
  execFileSync("restic", ["cat", "config", "--no-cache", "--no-lock"], { env, stdio: "pipe" });
  return performance.now() - begin;
}

export async function run(): Promise<Record<string, number>> {
  const stage = await startTinyStage();
  try {
    const sidecars: number[] = [];
    const sessions: number[] = [];
    const first: RestoreTimes[] = [];
    const again: RestoreTimes[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = `app-${round}`;
      await writeFile(join(stage.folder, "files", "tiny"), "tiny");
      sidecars.push(await timeSidecar(stage, name));
      sessions.push(await countSessionProcesses(stage, name, `${name}-session`));
      first.push(await timeRestore(stage, `${name}-first`, name));
      again.push(await timeRestore(stage, `${name}-again`, name));
      await clear(stage, name);
    }
    const bare = Array.from({ length: ROUNDS }, () => timeBareRestic(stage));
    return {
      firstRestoreMs: median(first.map(({ restoreMs }) => restoreMs)),
      firstReadyMs: median(first.map(({ readyMs }) => readyMs)),
      againMs: median(again.map(({ restoreMs }) => restoreMs)),
      sidecarReadyMs: median(sidecars),
      /** Of a session that makes no repository. */
      resticProcessesOfSession: median(sessions.slice(1)),
      resticProcessesOfRestore: median(first.map(({ resticProcesses }) => resticProcesses)),
      bareResticMs: median(bare),
    };
  } finally {
    await stage.cluster.stop();
  }
}
