/** One host's turn in a backup session, from the first report to the last. */
import { messageOf, UserError } from "../../shared/errors.ts";
import type { SnapshotOrigin } from "../../shared/snapshot-tags.ts";
import { findEarlierSnapshot } from "../backup/adopt.ts";
import { backupHost } from "../backup/host-backup.ts";
import { buildHostResult, type PathOutcome } from "../backup/outcome.ts";
import type { AgentApi } from "../kube/api.ts";
import { createBackoff } from "../kube/backoff.ts";
import type { Logger } from "../log.ts";
import { type AgentBackupInvoker, type InvokerMember, memberOf, parseBackupInvoker } from "../parse/backup-invoker.ts";
import { type AgentBackupSession, parseBackupSession } from "../parse/backup-session.ts";
import { createEntryReporter, type EntryReporter } from "../report/entry-reporter.ts";
import type { Restic } from "../restic/client.ts";
import type { AgentSettings } from "../settings.ts";
import { INITIALIZE, isSameEntry, type OwnEntry, repositoryCondition } from "../turn.ts";
import { ensureRepository } from "./initialize.ts";
import type { ObjectView } from "./object-view.ts";
import { openRepository } from "./repository.ts";
import type { Stopper } from "./stop.ts";

export interface TurnPorts {
  readonly settings: AgentSettings;
  readonly api: AgentApi;
  readonly view: ObjectView<AgentBackupSession>;
  readonly stopper: Stopper;
  readonly log: Logger;
  now(): Date;
  /** Paths where the member names none: a job backs up the volume that is mounted for it. */
  readonly defaultPaths: readonly string[];
}

/** @throws UserError NOT_FOUND when there is no such invoker, API_UNAVAILABLE when the work was stopped first */
export async function readInvoker(session: AgentBackupSession, ports: TurnPorts): Promise<AgentBackupInvoker> {
  const { invoker } = session.spec;
  const kind = invoker?.kind === "BackupBatch" ? "BackupBatch" : "BackupConfiguration";
  const name = invoker?.name ?? "";
  const backoff = createBackoff({ firstMs: 200, maxMs: 10_000 });
  while (!ports.stopper.signal.aborted) {
    const answer = await ports.api.get({ kind, namespace: session.metadata.namespace, name });
    if (answer.kind === "ok") return parseBackupInvoker(answer.object);
    if (answer.kind === "gone") throw new UserError("NOT_FOUND", `${kind} ${name} does not exist`);
    await backoff.wait(ports.stopper.signal);
  }
  throw new UserError("API_UNAVAILABLE", `${kind} ${name} was not read`);
}

/** What the snapshots of this turn carry. */
function originOf(session: AgentBackupSession, invoker: AgentBackupInvoker, ports: TurnPorts): SnapshotOrigin {
  return {
    session: { namespace: session.metadata.namespace, name: session.metadata.name },
    invoker,
    target: ports.settings.target,
  };
}

/** Waits until the session says that the repository exists. @throws UserError when it says that it does not */
async function waitForRepository(ports: TurnPorts): Promise<void> {
  while (!ports.stopper.signal.aborted) {
    const state = ports.view.state();
    const condition = state.kind === "present" ? repositoryCondition(state.object) : undefined;
    if (condition?.status === "True") return;
    if (condition?.status === "False") throw new UserError("REPOSITORY_NOT_FOUND", condition.message);
    await ports.view.changed(ports.stopper.signal);
  }
}

/** Looks for the repository where this host is the one to do so, and reports the result of that action. */
async function initialize(own: OwnEntry, restic: Restic, reporter: EntryReporter, ports: TurnPorts): Promise<void> {
  const others = (own.entry.results ?? []).filter(({ action }) => action !== INITIALIZE);
  const startedAt = ports.now().toISOString();
  try {
    const isNew = await ensureRepository(restic, ports.stopper.signal);
    const message = isNew ? "the repository was made" : "the repository exists";
    const finishedAt = ports.now().toISOString();
    reporter.set({ results: [...others, { action: INITIALIZE, phase: "Succeeded", message, startedAt, finishedAt }] });
    ports.log.info({ isNew }, "repository ready");
  } catch (error) {
    if (!(error instanceof UserError) || ports.stopper.signal.aborted) throw error;
    const failed = { action: INITIALIZE, phase: "Failed", reason: error.code, message: error.message, startedAt };
    reporter.set({ results: [...others, { ...failed, finishedAt: ports.now().toISOString() }] });
    throw error;
  }
}

interface Plan {
  readonly member: InvokerMember;
  readonly origin: SnapshotOrigin;
  readonly paths: readonly string[];
}

async function plan(session: AgentBackupSession, own: OwnEntry, ports: TurnPorts): Promise<Plan> {
  const invoker = await readInvoker(session, ports);
  const member = memberOf(invoker, own.target);
  const paths = [...new Set(member.spec.target?.paths ?? [])];
  if (paths.length === 0 && ports.defaultPaths.length === 0) {
    throw new UserError("TARGET_INVALID", "the member names no paths to back up", {
      next: "Set target.paths in the invoker.",
    });
  }
  return { member, origin: originOf(session, invoker, ports), paths: paths.length > 0 ? paths : ports.defaultPaths };
}

async function work(
  session: AgentBackupSession,
  own: OwnEntry,
  reporter: EntryReporter,
  ports: TurnPorts,
): Promise<readonly PathOutcome[]> {
  const { stopper, settings, log } = ports;
  const { member, origin, paths } = await plan(session, own, ports);
  const { isCacheEnabled } = member;
  const restic = await openRepository(session.status?.repository, { settings, isCacheEnabled, signal: stopper.signal });
  if ((own.entry.actions ?? []).includes(INITIALIZE)) await initialize(own, restic, reporter, ports);
  else await waitForRepository(ports);
  // Only an entry that was taken up before can have snapshots that the status does not tell.
  const mayHaveEarlier = own.entry.phase === "Running" || (own.entry.attempt ?? 1) > 1;
  return backupHost(
    {
      hostname: own.hostname,
      paths,
      exclude: member.spec.target?.exclude ?? [],
      args: member.spec.target?.args ?? [],
      origin,
      earlier: own.entry.snapshots ?? [],
    },
    {
      restic,
      reporter,
      signal: stopper.signal,
      log,
      now: ports.now,
      adopt: async (path) =>
        mayHaveEarlier ? findEarlierSnapshot(restic, { path, host: own.hostname, origin }, stopper.signal) : undefined,
    },
  );
}

function asUserError(thrown: unknown): UserError {
  return thrown instanceof UserError ? thrown : new UserError("INTERNAL", messageOf(thrown), { cause: thrown });
}

/** Runs the turn and reports its result. @returns once the result is stored or the entry is no longer ours */
export async function runHostTurn(session: AgentBackupSession, own: OwnEntry, ports: TurnPorts): Promise<void> {
  const { stopper, log, now } = ports;
  const reporter = createEntryReporter(
    {
      object: { kind: "BackupSession", namespace: session.metadata.namespace, name: session.metadata.name },
      pointer: own.pointer,
      hostname: own.hostname,
      podUid: own.entry.podUID,
    },
    { api: ports.api, log, isStillOurs: (object) => isSameEntry(parseBackupSession(object), own) },
  );
  reporter.lost.addEventListener("abort", () => stopper.stop({ kind: "lost" }), { once: true });
  const startedAt = own.entry.phase === "Running" ? (own.entry.startedAt ?? now().toISOString()) : now().toISOString();
  reporter.set({ phase: "Running", startedAt, error: "", reason: "", progress: { heartbeat: now().toISOString() } });
  if (!(await reporter.flush())) return;
  log.info({ session: session.metadata.name, host: own.hostname }, "host started");
  let outcomes: readonly PathOutcome[] = [];
  let failure: UserError | undefined;
  try {
    outcomes = await work(session, own, reporter, ports);
  } catch (error) {
    failure = asUserError(error);
  }
  const stopped = stopper.reason();
  if (stopped?.kind === "lost") return;
  if (stopped?.kind === "shutdown" && !isWhole(outcomes, failure)) {
    reporter.set({
      reason: "RESTIC_KILLED",
      error: "the container was stopped; its next start goes on with the session",
    });
  } else {
    if (stopped?.kind === "failed") failure = stopped.error;
    const result = buildHostResult(outcomes, failure, { startedAt, now: now() });
    reporter.set({ ...result });
    log.info({ host: own.hostname, phase: result.phase, reason: result.reason }, "host ended");
  }
  await reporter.flush();
}

/** Whether nothing was cut short: then a stop of the container does not matter any more. */
function isWhole(outcomes: readonly PathOutcome[], failure: UserError | undefined): boolean {
  return (
    failure === undefined &&
    outcomes.length > 0 &&
    outcomes.every((outcome) => outcome.kind === "saved" || outcome.error.code !== "RESTIC_KILLED")
  );
}
