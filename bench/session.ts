/**
 * What a session costs besides restic: real control plane, webhook, reconciler, pods, agent and restic. Each restic command
 * is run through a script that notes when it started and ended, so that the commands themselves can be taken off.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { KINDS } from "../shared/api/kinds.ts";
import { textAt } from "../shared/json/value.ts";
import { asIs } from "../shared/kube/client/interface.ts";
import { waitForContainer } from "../tests/support/objects/pods.ts";
import { startSession, untilSession } from "../tests/support/session/batch-without-nodes.ts";
import { timeRestic } from "./_agent-tree.ts";
import {
  median,
  NAMESPACE,
  RUNTIME_SETTINGS,
  readIntervals,
  startTinyStage,
  type TinyStage,
  type WorkloadKind,
  workload,
} from "./_tiny-stage.ts";

const ROUNDS = 7;
const END_MS = 120_000;

function batch(kind: WorkloadKind, name: string): string {
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  backupHistoryLimit: 1
  retentionPolicy: { name: keep, keepLast: 2, prune: false }
  members:
    - target:
        alias: ${name}
        ref: { apiVersion: apps/v1, kind: ${kind}, name: ${name} }
        paths: [/data/files]
        volumeMounts: [{ name: files, mountPath: /data }]
      runtimeSettings: ${RUNTIME_SETTINGS}
`;
}

interface Run {
  readonly wallMs: number;
  /** Time in which at least one restic command ran. */
  readonly resticMs: number;
  /** From the session's making to its first restic command, and from the last one's end to the end that is seen. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** Length of the union of intervals. */
function unionMs(intervals: readonly (readonly [number, number])[]): number {
  let total = 0;
  let end = 0;
  for (const [from, to] of [...intervals].sort((a, b) => a[0] - b[0])) {
    total += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return total;
}

async function runSession(stage: TinyStage, name: string, session: string): Promise<Run> {
  await rm(stage.log, { force: true });
  const beginMs = Date.now();
  const begin = performance.now();
  await startSession(stage.client, NAMESPACE, session, 0, name);
  const { status } = await untilSession(stage.client, NAMESPACE, session, END_MS);
  const wallMs = performance.now() - begin;
  if (status?.phase !== "Succeeded") throw new Error(`session ${session}: ${JSON.stringify(status)}`);
  const intervals = await readIntervals(stage.log);
  const beforeMs = Math.min(...intervals.map(([from]) => from)) - beginMs;
  const afterMs = beginMs + wallMs - Math.max(...intervals.map(([, to]) => to));
  return { wallMs, resticMs: unionMs(intervals), beforeMs, afterMs };
}

/** What as many backups of the same files take without us, at the same time and on this machine. @returns milliseconds until the last ends */
async function timeBareBackups(stage: TinyStage, hosts: number): Promise<number> {
  const repository = join(stage.cluster.dir, "repository");
  const env = { PATH: process.env["PATH"], RESTIC_PASSWORD: "bench", RESTIC_REPOSITORY: repository };
  const files = join(stage.folder, "files");
  const backups = Array.from({ length: hosts }, (_, host) =>
    timeRestic(["backup", "--json", "--host", `bare-${host}`, "--no-cache", files], env),
  );
  return Math.max(...(await Promise.all(backups)));
}

async function untilReady(stage: TinyStage, name: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const object = await stage.client.get(KINDS.BackupBatch, NAMESPACE, name, asIs);
    if (textAt(object, "status", "phase") === "Ready") return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`BackupBatch ${name} does not get ready`);
}

export async function run(): Promise<Record<string, number>> {
  const stage = await startTinyStage();
  try {
    const kinds = [
      ["Deployment", "one", 1],
      ["StatefulSet", "three", 3],
    ] as const;
    const workloads = kinds.map(([kind, name, replicas]) => workload(kind, name, replicas, stage.folder));
    await stage.apply(...kinds.map(([kind, name]) => batch(kind, name)), ...workloads);
    for (const [, name, replicas] of kinds) {
      await waitForContainer(stage.client, NAMESPACE, `app=${name}`, "stash", replicas, 60_000);
      await untilReady(stage, name);
    }
    // The first session makes the repository and checks it: no other does.
    await runSession(stage, "one", "first");
    const one: Run[] = [];
    const three: Run[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      one.push(await runSession(stage, "one", `one-${round}`));
      three.push(await runSession(stage, "three", `three-${round}`));
    }
    const bareOne: number[] = [];
    const bareThree: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      bareOne.push(await timeBareBackups(stage, 1));
      bareThree.push(await timeBareBackups(stage, 3));
    }
    const overhead = (runs: readonly Run[]): number => median(runs.map(({ wallMs, resticMs }) => wallMs - resticMs));
    return {
      deploymentMs: median(one.map(({ wallMs }) => wallMs)),
      deploymentResticMs: median(one.map(({ resticMs }) => resticMs)),
      deploymentOverheadMs: overhead(one),
      /** Parts of it; the rest is between restic commands. */
      deploymentBeforeMs: median(one.map(({ beforeMs }) => beforeMs)),
      deploymentAfterMs: median(one.map(({ afterMs }) => afterMs)),
      statefulSetMs: median(three.map(({ wallMs }) => wallMs)),
      statefulSetResticMs: median(three.map(({ resticMs }) => resticMs)),
      /** Above the session of one host. */
      statefulSetOverheadMs: median(three.map(({ wallMs }, round) => wallMs - (one[round]?.wallMs ?? 0))),
      /** As much of that restic takes alone: three backups at once, above one. The budget is judged without it. */
      bareThreeAboveOneMs: median(bareThree.map((ms, round) => ms - (bareOne[round] ?? 0))),
      /** Above the time in which restic ran. */
      statefulSetIdleMs: overhead(three),
    };
  } finally {
    await stage.cluster.stop();
  }
}
