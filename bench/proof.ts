/**
 * `npm run bench -- proof`: what a drill of a batch takes, from its beginning until nothing of it is left, beside the bare restic
 * restores that it contains, on a real node. The one member is a Deployment with as many files as a WordPress has.
 *
 * Budget: overheadRatio 1.5, which is not kept: with so little data the starts of pods count most (5.3 on two cores). `restarts` is what the application felt of it: nothing.
 */
import { randomFillSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseBackupSession } from "../shared/api/backup-session.ts";
import { parseBackupVerificationSession } from "../shared/api/backup-verification-session.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { listAt, numberAt, textAt } from "../shared/json/value.ts";
import { asIs } from "../shared/kube/client/interface.ts";
import { waitForContainer } from "../tests/support/objects/pods.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";
import { startSession, untilSession } from "../tests/support/session/batch-without-nodes.ts";
import { timeRestic } from "./_agent-tree.ts";
import { median, NAMESPACE, startTinyStage, type TinyStage, workload } from "./_tiny-stage.ts";

const ROUNDS = 3;
const END_MS = 180_000;
const POLL_MS = 20;
/** As WordPress brings them. */
const FILES = 2_800;
const FILE_BYTES = 25_000;
const FILES_IN_FOLDER = 100;

const OBJECTS = `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: { name: shop, namespace: ${NAMESPACE} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: false }
  members:
    - target:
        alias: web
        ref: { apiVersion: apps/v1, kind: Deployment, name: web }
        paths: [/data/files]
        volumeMounts: [{ name: files, mountPath: /data }]
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupVerifier
metadata: { name: shop, namespace: ${NAMESPACE} }
spec:
  invoker: { kind: BackupBatch, name: shop }
  storage: { storageClassName: standard }
  timeOut: 5m
`;

async function fill(folder: string): Promise<void> {
  const content = Buffer.alloc(FILE_BYTES);
  for (let file = 0; file < FILES; file += 1) {
    const into = join(folder, `d${Math.floor(file / FILES_IN_FOLDER)}`);
    if (file % FILES_IN_FOLDER === 0) await mkdir(into, { recursive: true });
    await writeFile(join(into, `f${file}`), randomFillSync(content));
  }
}

interface Drill {
  readonly proofMs: number;
  /** As the drill itself tells it. */
  readonly recoverySeconds: number;
}

async function drill(stage: TinyStage, name: string): Promise<Drill> {
  const { client } = stage;
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const begin = performance.now();
  const body = { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec: { verifier: "shop" } };
  await client.create(KINDS.BackupVerificationSession, NAMESPACE, body, asIs);
  for (const end = begin + END_MS; performance.now() < end; ) {
    const { status = {} } = await client.get(
      KINDS.BackupVerificationSession,
      NAMESPACE,
      name,
      parseBackupVerificationSession,
    );
    if (status.phase === "Succeeded") {
      return { proofMs: performance.now() - begin, recoverySeconds: status.recoverySeconds ?? Number.NaN };
    }
    if (status.phase === "Failed" || status.phase === "Skipped") throw new Error(JSON.stringify(status));
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  throw new Error(`drill ${name} does not end`);
}

/** What bare restic takes for the same snapshots, one after the other as the members come. @returns milliseconds */
async function timeBareRestores(stage: TinyStage, ids: readonly string[]): Promise<number> {
  const env = {
    PATH: process.env["PATH"],
    RESTIC_PASSWORD: "bench",
    RESTIC_REPOSITORY: join(stage.cluster.dir, "repository"),
  };
  const target = join(stage.cluster.dir, "bare");
  let sum = 0;
  for (const id of ids) {
    await rm(target, { recursive: true, force: true });
    sum += await timeRestic(["restore", id, "--target", target, "--verify", "--no-cache"], env);
  }
  await rm(target, { recursive: true, force: true });
  return sum;
}

/** Each pod of the application with how often its containers were started again. */
async function applicationPods({ client }: TinyStage): Promise<readonly string[]> {
  const { items } = await client.list(KUBERNETES.Pod, NAMESPACE, asIs, { labelSelector: "app=web" });
  return items.map((pod) => {
    const restarts = listAt(pod, "status", "containerStatuses").map((one) => numberAt(one, "restartCount"));
    return `${textAt(pod, "metadata", "uid")} ${restarts.join()}`;
  });
}

export async function run(): Promise<Record<string, number>> {
  const stage = await startTinyStage();
  try {
    await rm(join(stage.folder, "files"), { recursive: true });
    await fill(join(stage.folder, "files"));
    // What restores a claim: the installation brings it.
    await stage.apply(readFileSync(join(import.meta.dirname, "../manifests/catalog/pvc.yaml"), "utf8"));
    await stage.apply(OBJECTS, workload("Deployment", "web", 1, stage.folder));
    await waitForContainer(stage.client, NAMESPACE, "app=web", "stash", 1, 60_000);
    await startSession(stage.client, NAMESPACE, "first", 0, "shop");
    await untilSession(stage.client, NAMESPACE, "first", END_MS);
    const { status } = await stage.client.get(KINDS.BackupSession, NAMESPACE, "first", parseBackupSession);
    const hosts = (status?.targets ?? []).flatMap(({ stats = [] }) => stats);
    const ids = hosts.flatMap(({ snapshots = [] }) => snapshots.flatMap(({ name }) => name ?? []));
    if (ids.length === 0) throw new Error(JSON.stringify(status));
    const before = await applicationPods(stage);
    const drills: Drill[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      bare.push(await timeBareRestores(stage, ids));
      drills.push(await drill(stage, `drill-${round}`));
    }
    const after = await applicationPods(stage);
    const [proofMs, bareRestoreMs] = [median(drills.map((one) => one.proofMs)), median(bare)];
    return {
      proofMs,
      bareRestoreMs,
      overheadRatio: Math.round((proofMs / bareRestoreMs) * 100) / 100,
      recoverySeconds: median(drills.map((one) => one.recoverySeconds)),
      files: FILES,
      restarts: after.filter((pod) => !before.includes(pod)).length,
    };
  } finally {
    await stage.cluster.stop();
  }
}
