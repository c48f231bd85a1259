/**
 * Fifty invokers of one Repository that are due in the same second, on a real node with restic itself: none waits for another's check or
 * prune, none is skipped, and there is one check of them all.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BackupSession, parseBackupSession } from "../shared/api/backup-session.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { type MaintenanceRun, parseRepository } from "../shared/api/repository.ts";
import { isFinalSessionPhase } from "../shared/status/backup-phase.ts";
import { waitForContainer } from "../tests/support/objects/pods.ts";
import { NAMESPACE, startTinyStage, type TinyStage, workload } from "./_tiny-stage.ts";

/** One sidecar serves all that name its workload. */
const WORKLOADS = 5;
const EACH = 10;
const INVOKERS = WORKLOADS * EACH;
const READY_MS = 300_000;
const END_MS = 1_800_000;
const LOOK_MS = 1_000;
const MINUTE_MS = 60_000;
/** Until all invokers are known and their sidecars run. */
const AHEAD_MS = 100_000;

const nameOf = (index: number): string => `central-${index}`;

function configuration(index: number, due: Date): string {
  const name = nameOf(index);
  return `
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:
  schedule: "${due.getUTCMinutes()} ${due.getUTCHours()} * * *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 1, prune: true }
  target:
    alias: ${name}
    ref: { apiVersion: apps/v1, kind: Deployment, name: app-${index % WORKLOADS} }
    volumeMounts: [{ name: files, mountPath: /data }]
    paths: [/data/${name}]
`;
}

/** Sessions by name, as they were at the last look. */
async function followSessions(stage: TinyStage, isWaiting: (session: BackupSession) => boolean, waited: Set<string>) {
  const sessions = new Map<string, BackupSession>();
  for (const deadline = performance.now() + END_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const { items } = await stage.client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession);
    for (const session of items) {
      sessions.set(session.metadata.name, session);
      if (isWaiting(session)) waited.add(session.metadata.name);
    }
    const ended = [...sessions.values()].filter(({ status }) => isFinalSessionPhase(status?.phase));
    if (ended.length >= INVOKERS) return sessions;
  }
  throw new Error(`of ${INVOKERS} sessions there are ${sessions.size}, and not all have ended`);
}

/** It or one of its hosts says that it waits for the repository, or failed because it was another's. */
function isWaitingForOthers({ status }: BackupSession): boolean {
  return JSON.stringify(status ?? {}).includes("REPOSITORY_LOCKED");
}

async function untilMaintained(stage: TinyStage): Promise<readonly MaintenanceRun[]> {
  for (const deadline = performance.now() + END_MS; performance.now() < deadline; await sleep(LOOK_MS)) {
    const { status } = await stage.client.get(KINDS.Repository, NAMESPACE, "store", parseRepository);
    const runs = status?.maintenanceRuns ?? [];
    if (runs.some(({ phase }) => phase === "Succeeded") && runs.every(({ phase }) => phase !== "Running")) return runs;
  }
  throw new Error("the repository was not checked");
}

export async function centralRepositoryFigures(): Promise<Record<string, number>> {
  const stage = await startTinyStage();
  try {
    const names = Array.from({ length: INVOKERS }, (_, index) => nameOf(index));
    for (const name of names) {
      await mkdir(join(stage.folder, name));
      await writeFile(join(stage.folder, name, "file"), name);
    }
    await stage.apply(
      ...Array.from({ length: WORKLOADS }, (_, at) => workload("Deployment", `app-${at}`, 1, stage.folder)),
    );
    const due = new Date(Math.ceil((Date.now() + AHEAD_MS) / MINUTE_MS) * MINUTE_MS);
    await stage.apply(...names.map((_, index) => configuration(index, due)));
    for (let at = 0; at < WORKLOADS; at += 1) {
      await waitForContainer(stage.client, NAMESPACE, `app=app-${at}`, "stash", 1, READY_MS);
    }
    if (Date.now() > due.getTime()) throw new Error("the machine was too slow: the due time came before all was ready");
    await sleep(due.getTime() - Date.now());
    const waited = new Set<string>();
    const sessions = [...(await followSessions(stage, isWaitingForOthers, waited)).values()];
    const seconds = (Date.now() - due.getTime()) / 1_000;
    const runs = await untilMaintained(stage);
    const ended = (phase: string) => sessions.filter(({ status }) => status?.phase === phase).length;
    const checks = runs.filter(({ actions }) => actions?.includes("VerifyRepositoryIntegrity") === true);
    return {
      centralInvokers: INVOKERS,
      centralSucceeded: ended("Succeeded"),
      centralChecks: checks.length,
      centralWaited: waited.size,
      centralSkipped: ended("Skipped") + INVOKERS - sessions.length,
      centralSeconds: Math.round(seconds),
    };
  } finally {
    await stage.cluster.stop();
  }
}
