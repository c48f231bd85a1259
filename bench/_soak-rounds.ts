/** One round of a soak: data changes, a session saves it, restic and a restore bring it back. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BackupSession, parseBackupSession } from "../shared/api/backup-session.ts";
import { KINDS } from "../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../shared/api/restore-batch.ts";
import { isFinalSessionPhase } from "../shared/status/backup-phase.ts";
import type { Manifest } from "../tests/support/objects/apply.ts";
import { restoreManifest, restoreMember } from "../tests/support/restore/application.ts";
import { changeFolder, damageFolder, type KeptCopy, keepCopy, putBack } from "./_soak-data.ts";
import { persist, type SoakRun, StuckError, untilEnded } from "./_soak-run.ts";
import { KEPT, MEMBERS, SOAK_NAMESPACE } from "./_soak-stage.ts";

function countEnd({ ends }: SoakRun, what: string, phase: string | undefined): void {
  const name = `${what}${phase ?? "Unknown"}`;
  ends.set(name, (ends.get(name) ?? 0) + 1);
}

export async function playRound(run: SoakRun, round: number): Promise<void> {
  const { stage, random, log, saved } = run;
  await stage.forgetHookRuns();
  const copies = new Map<string, KeptCopy>();
  for (const [host, folder] of stage.folders) {
    await changeFolder(folder, random);
    copies.set(host, await keepCopy(folder, join(stage.scratch, `kept-${host}`)));
  }
  const session = `soak-${round}`;
  const ended = await runSession(run, session);
  log.note("session", { session, phase: ended.status?.phase, ...(isGood(ended) ? {} : { status: ended.status }) });
  countEnd(run, "sessions", ended.status?.phase);
  await compareHooks(run, session);
  if (isGood(ended)) {
    saved.push(session);
    await compareSaved(run, session, copies);
  }
  await lookForLost(run);
  if (isGood(ended) && random() < 0.8) await restore(run, session, copies);
}

function isGood({ status }: BackupSession): boolean {
  return status?.phase === "Succeeded";
}

async function runSession(run: SoakRun, name: string): Promise<BackupSession> {
  const { stand } = run.stage;
  const invoker = { apiGroup: KINDS.BackupBatch.group, kind: "BackupBatch", name: "nightly" };
  const { apiVersion, kind } = KINDS.BackupSession;
  const session = { apiVersion, kind, metadata: { name, namespace: SOAK_NAMESPACE }, spec: { invoker, retryLeft: 0 } };
  await persist(() => stand.apply(session));
  run.log.note("session made", { session: name });
  return untilEnded(
    run,
    `BackupSession ${name}`,
    () => stand.client.find(KINDS.BackupSession, SOAK_NAMESPACE, name, parseBackupSession),
    ({ status }) => isFinalSessionPhase(status?.phase),
  );
}

/** A before-hook runs once at most, and what it did is undone. */
async function compareHooks({ stage, log }: SoakRun, session: string): Promise<void> {
  const { before, after } = await stage.hookRuns();
  if (before > 1) log.find("doubled", { session, hook: "preBackup", before, after });
  if (before > 0 && after === 0) log.find("lost", { session, hook: "postBackup", before, after });
}

/** What restic itself brings back is what was there. */
async function compareSaved(run: SoakRun, session: string, copies: ReadonlyMap<string, KeptCopy>): Promise<void> {
  const { repository, stage, log } = run;
  const hosts = (await persist(() => repository.savedHosts(SOAK_NAMESPACE))).filter((host) => host.session === session);
  for (const [name, { tree }] of copies) {
    const snapshots = hosts.filter(({ hostname }) => hostname === name);
    const [snapshot] = snapshots;
    if (snapshots.length > 1) log.find("doubled", { session, host: name, snapshots });
    if (snapshot === undefined) {
      log.find("falseSuccess", { session, host: name, why: "it has no snapshot", hosts });
      continue;
    }
    const found = await persist(() => repository.treeOf(snapshot.id, join(stage.scratch, "tree")));
    const differences = difference(tree, found);
    if (differences.length > 0)
      log.find("falseSuccess", { session, host: name, why: "restic has others", differences });
  }
}

export function difference(one: readonly string[], other: readonly string[]): readonly string[] {
  const [here, there] = [new Set(one), new Set(other)];
  return [
    ...one.filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...other.filter((line) => !here.has(line)).map((line) => `+ ${line}`),
  ];
}

/** A recovery point goes only when enough newer ones are whole. */
async function lookForLost({ repository, stage, saved, log }: SoakRun): Promise<void> {
  const hosts = await persist(() => repository.savedHosts(SOAK_NAMESPACE));
  // A session that failed may have saved all: it is no promise, and counts for retention.
  const whole = [...new Set(hosts.map(({ session }) => session))].filter((session) =>
    [...stage.folders.keys()].every((name) => hosts.some((host) => host.session === session && host.hostname === name)),
  );
  for (const session of saved.slice(-KEPT)) {
    const newer = whole.filter((other) => roundOf(other) > roundOf(session));
    if (!whole.includes(session) && newer.length < KEPT) log.find("lost", { session, whole, hosts });
  }
}

function roundOf(session: string): number {
  return Number(session.replace(/^soak-/, ""));
}

async function restore(run: SoakRun, session: string, copies: ReadonlyMap<string, KeptCopy>): Promise<void> {
  const { stage, random, log } = run;
  const { stand } = stage;
  const name = `back-${session}`;
  for (const folder of stage.folders.values()) await damageFolder(folder, random);
  const manifest: Manifest = restoreManifest(
    SOAK_NAMESPACE,
    name,
    MEMBERS.map((member) => restoreMember(member)),
    { session },
  );
  await persist(() => stand.apply(manifest));
  log.note("restore made", { restore: name });
  const ended: RestoreBatch = await untilEnded(
    run,
    `RestoreBatch ${name}`,
    () => stand.client.find(KINDS.RestoreBatch, SOAK_NAMESPACE, name, parseRestoreBatch),
    ({ status }) => ["Succeeded", "Failed", "Invalid", "Unknown"].includes(status?.phase ?? ""),
  );
  const isRestored = ended.status?.phase === "Succeeded";
  log.note("restore", { restore: name, phase: ended.status?.phase, ...(isRestored ? {} : { status: ended.status }) });
  countEnd(run, "restores", ended.status?.phase);
  if (isRestored) await compareRestored(run, name, copies);
  if (!isRestored || random() < 0.5) await persist(() => stand.client.delete(KINDS.RestoreBatch, SOAK_NAMESPACE, name));
  if (!isRestored) {
    for (const [host, folder] of stage.folders) {
      const copy = copies.get(host);
      if (copy !== undefined) await putBack(copy, folder);
    }
  }
  run.faults.rest(true);
  const isOver = new AbortController();
  const helping = isRestored ? undefined : followNextStep(run, isOver.signal);
  try {
    await persist(() => stage.untilReady());
  } catch (error) {
    log.find("stuck", { what: `pods after RestoreBatch ${name}`, error: String(error) });
    throw new StuckError("the pods do not become ready");
  } finally {
    isOver.abort();
    await helping;
    run.faults.rest(false);
  }
}

const HELP_POLL_MS = 1_000;

/** A pod whose data a failed restore left half written starts no application by itself, and says what to do once its data is back. */
async function followNextStep({ stage, log }: SoakRun, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const pods = await persist(() => stage.deleteHeld());
    if (pods.length > 0) log.note("held pods deleted, as they say", { pods });
    await sleep(HELP_POLL_MS);
  }
}

async function compareRestored({ stage, log }: SoakRun, restore: string, copies: ReadonlyMap<string, KeptCopy>) {
  for (const [host, folder] of stage.folders) {
    const found = await keepCopy(folder, join(stage.scratch, "restored"));
    const differences = difference(copies.get(host)?.tree ?? [], found.tree);
    if (differences.length > 0) log.find("falseSuccess", { restore, host, differences });
  }
}
