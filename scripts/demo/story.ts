/** The story that the demo tells: back up an application of two workloads as one batch, lose its files, restore them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { applyManifests, parseManifests } from "../../tests/support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../../tests/support/objects/pods.ts";
import type { Narrator } from "./narrator.ts";
import { followRestore, followSession } from "./sessions.ts";
import { describeVolumes, destroyFiles, findVolumes } from "./volumes.ts";

const STEP_TIMEOUT_MS = 180_000;
const PODS = { "app=db": 2, "app=web": 1 } as const;

export interface StoryContext {
  readonly client: KubeClient;
  readonly narrator: Narrator;
  /** Folder that holds the restic repository. */
  readonly repositoryFolder: string;
}

export interface Summary {
  readonly ok: boolean;
  readonly sessions: readonly { readonly name: string; readonly phase: string; readonly snapshots: number }[];
  readonly restoredFrom: string;
  readonly comparedEntries: number;
  readonly differences: readonly string[];
  readonly seconds: number;
}

/** Applies one of the demo's manifests; words in capitals stand for what is known only now. */
async function applyDemoFile(context: StoryContext, file: string, words: Record<string, string> = {}): Promise<void> {
  let text = await readFile(join(import.meta.dirname, file), "utf8");
  for (const [word, value] of Object.entries(words)) text = text.replaceAll(word, value);
  await applyManifests(context.client, parseManifests(text));
}

async function waitForPods(context: StoryContext): Promise<void> {
  for (const [selector, count] of Object.entries(PODS)) {
    const pods = await waitForReadyPods(context.client, "demo", selector, count, STEP_TIMEOUT_MS);
    for (const pod of pods) context.narrator.say(`pod ${pod.name} is ready: ${pod.containers.join(", ")}`);
  }
}

async function waitForSidecars(context: StoryContext): Promise<void> {
  for (const [selector, count] of Object.entries(PODS)) {
    await waitForContainer(context.client, "demo", selector, "stash", count, STEP_TIMEOUT_MS);
  }
}

function countSnapshots(session: BackupSession): number {
  const hosts = (session.status?.targets ?? []).flatMap((target) => target.stats ?? []);
  return hosts.reduce((sum, host) => sum + (host.snapshots?.length ?? 0), 0);
}

function mustHaveSucceeded(what: string, status: { readonly phase?: string } | undefined): void {
  if (status?.phase === "Succeeded") return;
  throw new Error(`${what} ended ${status?.phase ?? "without a phase"}: ${JSON.stringify(status, null, 2)}`);
}

async function runInstantSession(context: StoryContext): Promise<BackupSession> {
  const name = "application-instant";
  const body = {
    apiVersion: KINDS.BackupSession.apiVersion,
    kind: "BackupSession",
    metadata: { name, namespace: "demo" },
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupBatch", name: "application" } },
  };
  await context.client.create(KINDS.BackupSession, "demo", body, asIs);
  const session = await followSession(context.client, name, context.narrator, STEP_TIMEOUT_MS);
  mustHaveSucceeded(`session ${name}`, session.status);
  return session;
}

async function waitForScheduledSession(context: StoryContext): Promise<BackupSession> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const { items } = await context.client.list(KINDS.BackupSession, "demo", parseBackupSession);
    const scheduled = items.find(
      ({ metadata, status }) => metadata.name !== "application-instant" && status?.phase !== "Skipped",
    );
    if (scheduled !== undefined) {
      const { name } = scheduled.metadata;
      context.narrator.say(`the schedule made session ${name}`);
      const session = await followSession(context.client, name, context.narrator, STEP_TIMEOUT_MS);
      mustHaveSucceeded(`session ${name}`, session.status);
      return session;
    }
    await sleep(200);
  }
  throw new Error("the schedule made no session");
}

function describeSession(session: BackupSession) {
  return { name: session.metadata.name, phase: session.status?.phase ?? "", snapshots: countSnapshots(session) };
}

/** Tells the whole story and returns what was found. Throws when a step does not end as it should. */
export async function tellStory(context: StoryContext): Promise<Summary> {
  const { client, narrator } = context;

  narrator.chapter("An application of two workloads: StatefulSet db (2 replicas) and Deployment web");
  await applyDemoFile(context, "application.yaml");
  await waitForPods(context);

  narrator.chapter("BackupBatch application: both workloads, one after the other, every minute");
  await applyDemoFile(context, "backup.yaml", { REPOSITORY_FOLDER: context.repositoryFolder });
  await waitForSidecars(context);
  narrator.say("the webhook added the stash sidecar to both");
  await waitForPods(context);
  const volumes = await findVolumes(client);
  const before = await describeVolumes(volumes);
  narrator.say(`${volumes.map((volume) => volume.claim).join(", ")}: ${before.length} files and folders`);

  narrator.chapter("A session by the schedule");
  const scheduled = await waitForScheduledSession(context);
  narrator.chapter("A session on request");
  const instant = await runInstantSession(context);
  await client.patch(
    KINDS.BackupBatch,
    "demo",
    "application",
    { kind: "merge", body: { spec: { paused: true } } },
    asIs,
  );

  narrator.chapter("Disaster: every file of every volume is deleted");
  await destroyFiles(volumes);
  narrator.say(`${(await describeVolumes(volumes)).length} files left`);

  narrator.chapter(`RestoreBatch application-restore: every member from session ${instant.metadata.name}`);
  await applyDemoFile(context, "restore.yaml", { SESSION: instant.metadata.name });
  const restore = await followRestore(client, "application-restore", narrator, STEP_TIMEOUT_MS);
  mustHaveSucceeded("restore application-restore", restore.status);
  await waitForPods(context);

  narrator.chapter("Comparing every file with what it was: names, contents, modes, owners, times, links");
  const after = await describeVolumes(volumes);
  const differences = compareLines(before, after);
  for (const line of differences.slice(0, 20)) narrator.say(line);
  narrator.say(
    differences.length === 0
      ? `all ${before.length} files and folders are back as they were`
      : `${differences.length} differences`,
  );
  return {
    ok:
      differences.length === 0 && before.length > 0 && restore.status?.recoveryPoint?.session === instant.metadata.name,
    sessions: [describeSession(scheduled), describeSession(instant)],
    restoredFrom: restore.status?.recoveryPoint?.session ?? "",
    comparedEntries: before.length,
    differences,
    seconds: Math.round(narrator.elapsedSeconds()),
  };
}

/** Lines that only one side has. */
function compareLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const had = new Set(before);
  const has = new Set(after);
  return [
    ...before.filter((line) => !has.has(line)).map((line) => `lost: ${line}`),
    ...after.filter((line) => !had.has(line)).map((line) => `new:  ${line}`),
  ];
}
