/** One host's turn in a restore, from the first report to the last. */
import { STASH_GROUP } from "../../shared/contract.ts";
import { formatDuration } from "../../shared/duration.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { HookSummary } from "../../shared/hooks/summary.ts";
import { type Heartbeat, startHeartbeat } from "../backup/progress.ts";
import { createHostHooks, type HookRunner } from "../hooks/host-hooks.ts";
import type { AgentApi } from "../kube/api.ts";
import { createWithLock } from "../locks/patience.ts";
import type { DeadRestic } from "../locks/running-restic.ts";
import type { Logger } from "../log.ts";
import { type AgentRestore, parseRestore, type RestoreEntry } from "../parse/restore.ts";
import { createEntryReporter, type EntryReporter } from "../report/entry-reporter.ts";
import type { AgentSettings } from "../settings.ts";
import type { ObjectView } from "../work/object-view.ts";
import { openRepository } from "../work/repository.ts";
import type { Stopper } from "../work/stop.ts";
import type { BegunMark } from "./begun-mark.ts";
import type { RestoreTurn } from "./decide-restore.ts";
import { type HostRestoreOutcome, restoreHost } from "./host-restore.ts";
import { buildRestoreResult, type RestoreHostResult } from "./outcome.ts";
import { buildRestoreProgress } from "./progress.ts";
import { restoreObject } from "./restore-object.ts";

export interface RestoreTurnPorts {
  readonly settings: AgentSettings;
  readonly api: AgentApi;
  readonly view: ObjectView<AgentRestore>;
  readonly stopper: Stopper;
  readonly log: Logger;
  readonly begun: BegunMark;
  dead(): readonly DeadRestic[];
  readonly isVerified: boolean;
  readonly targetFolder: string;
  /** What restores the host's data; files by default. */
  readonly restoreHost?: typeof restoreHost | undefined;
  now(): Date;
}

/** The entry of the turn as an object read afresh shows it. */
function entryIn(restore: AgentRestore, turn: RestoreTurn): RestoreEntry | undefined {
  const index = Number(turn.pointer.slice(turn.pointer.lastIndexOf("/") + 1));
  return restore.members.find(({ pointer }) => pointer === turn.member.pointer)?.entries[index];
}

function isStillOurs(object: unknown, turn: RestoreTurn): boolean {
  const entry = entryIn(parseRestore(object), turn);
  return entry !== undefined && entry.hostname === turn.hostname && entry.podUID === turn.entry.podUID;
}

interface Conducted {
  readonly restore: AgentRestore;
  readonly turn: RestoreTurn;
  readonly reporter: EntryReporter;
  readonly heartbeat: Heartbeat;
  readonly ports: RestoreTurnPorts;
  readonly startedAt: string;
}

/** Runs the turn and reports its result. @returns the result's phase; undefined when it was cut short or is not ours */
export async function runRestoreTurn(
  restore: AgentRestore,
  turn: RestoreTurn,
  ports: RestoreTurnPorts,
): Promise<"Succeeded" | "Failed" | undefined> {
  const { stopper, log, now } = ports;
  const reporter = createEntryReporter(
    {
      object: restoreObject(restore.kind, restore.namespace, restore.name),
      objectUid: restore.uid,
      pointer: turn.pointer,
      hostname: turn.hostname,
      podUid: turn.entry.podUID,
    },
    { api: ports.api, log, isStillOurs: (object) => isStillOurs(object, turn) },
  );
  reporter.lost.addEventListener("abort", () => stopper.stop({ kind: "lost" }), { once: true });
  const isResumed = turn.entry.phase === "Running";
  const startedAt = (isResumed ? turn.entry.startedAt : undefined) ?? now().toISOString();
  reporter.set({ phase: "Running", startedAt, error: "", reason: "", progress: { heartbeat: now().toISOString() } });
  if (!(await reporter.flush())) return undefined;
  log.info({ restore: restore.name, host: turn.hostname, isResumed }, "host started");
  const heartbeat = startHeartbeat(reporter, now);
  try {
    const result = await conduct({ restore, turn, reporter, heartbeat, ports, startedAt });
    return (await reporter.flush()) ? result?.phase : undefined;
  } finally {
    heartbeat.stop();
  }
}

/** The work between first and last report. @returns undefined when it was cut short or is not ours any more */
async function conduct(conducted: Conducted): Promise<RestoreHostResult | undefined> {
  const { turn, reporter, ports, startedAt } = conducted;
  const { stopper, log, now } = ports;
  const hooks = hooksOf(conducted);
  const outcome = await work(conducted, hooks);
  const stopped = stopper.reason();
  if (stopped?.kind === "shutdown" && outcome.failure !== undefined) {
    reporter.set({ reason: "RESTIC_KILLED", error: "the container was stopped; its next start restores again" });
    return undefined;
  }
  const lost = new UserError("EXECUTOR_LOST", "the host was given to another pod");
  const failure = stopped?.kind === "failed" ? stopped.error : stopped?.kind === "lost" ? lost : outcome.failure;
  const result = buildRestoreResult(outcome.restored, outcome.warnings, failure, { startedAt, now: now() });
  if (result.phase === "Succeeded") ports.begun.clear();
  const hookFailure = await hooks.after(summaryOf(conducted, result), false);
  if (stopped?.kind === "lost") return undefined;
  const warnings = hookFailure === undefined ? result.warnings : [...result.warnings, hookFailure.message];
  reporter.set({ ...result, warnings, locks: [], progress: conducted.heartbeat.current() });
  log.info({ host: turn.hostname, phase: result.phase, reason: result.reason, error: result.error }, "host ended");
  return result;
}

function hooksOf({ turn, reporter, ports }: Conducted): HookRunner {
  const { settings, log, now } = ports;
  const { hooks } = turn.member.spec;
  return createHostHooks(
    {
      before: hooks?.preRestore,
      after: hooks?.postRestore,
      beforeType: "preRestore",
      afterType: "postRestore",
      recorded: turn.entry.hooks ?? [],
      hostname: turn.hostname,
      podUid: settings.pod.uid,
    },
    { env: settings.env, podIp: settings.pod.ip, reporter, log, now },
  );
}

function summaryOf({ restore, turn, ports, startedAt }: Conducted, result?: RestoreHostResult): HookSummary {
  const { ref } = turn.member;
  const seconds = Math.round((ports.now().getTime() - Date.parse(startedAt)) / 1_000);
  return {
    Name: restore.name,
    Namespace: restore.namespace,
    Invoker: { APIGroup: STASH_GROUP, Kind: restore.kind, Name: restore.name },
    Target: { APIVersion: ref.apiVersion, Kind: ref.kind, Name: ref.name, Namespace: ref.namespace },
    Status: {
      Phase: result?.phase ?? "Succeeded",
      Duration: formatDuration(Math.max(0, seconds) * 1_000),
      Error: result?.error ?? "",
    },
    RetryLeft: 0,
  };
}

async function work(conducted: Conducted, hooks: HookRunner): Promise<HostRestoreOutcome> {
  const { restore, turn, reporter, heartbeat, ports } = conducted;
  const { settings, stopper, log } = ports;
  const { target, tempDir } = turn.member.spec;
  const { signal } = stopper;
  try {
    const isCacheEnabled = tempDir?.disableCaching !== true;
    const restic = await openRepository(restore.repository, { settings, isCacheEnabled, signal });
    const { ref, alias } = turn.member;
    const host = { target: ref, alias, hostname: turn.hostname, podName: settings.pod.name };
    return await (ports.restoreHost ?? restoreHost)(
      {
        host,
        rules: target?.rules ?? [],
        point: restore.recoveryPoint,
        args: target?.args ?? [],
        targetFolder: ports.targetFolder,
        isVerified: ports.isVerified,
        runsAs: process.geteuid?.() ?? 0,
      },
      {
        restic,
        signal,
        log,
        withLock: createWithLock({
          restic,
          signal,
          log,
          dead: ports.dead,
          now: ports.now,
          removable: () => currentEntry(conducted).actionParams?.removableLocks ?? [],
          changed: (limit) => ports.view.changed(limit),
          report: (locks) => reporter.set({ locks, reason: locks.length > 0 ? "REPOSITORY_LOCKED" : "" }),
        }),
        async beforeWrite() {
          await hooks.before(summaryOf(conducted));
          const { kind, namespace, name, onFailure } = restore;
          ports.begun.write({ restore: `${kind} ${namespace}/${name}`, hostname: turn.hostname, onFailure });
        },
        onProgress: (progress) => heartbeat.update(buildRestoreProgress(progress)),
        onRestored: (restored) => reporter.set({ snapshots: restored, progress: heartbeat.current() }),
      },
    );
  } catch (error) {
    const isAbort = error instanceof Error && error.name === "AbortError";
    const code = isAbort ? "RESTIC_KILLED" : "INTERNAL";
    const failure = error instanceof UserError ? error : new UserError(code, messageOf(error), { cause: error });
    return { restored: [], warnings: [], failure };
  }
}

function currentEntry({ turn, ports }: Conducted): RestoreEntry {
  const state = ports.view.state();
  return (state.kind === "present" ? entryIn(state.object, turn) : undefined) ?? turn.entry;
}
