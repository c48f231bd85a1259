/** One host's turn in a restore, from the first report to the last. */
import { messageOf, UserError } from "../../shared/errors.ts";
import { HEARTBEAT_MS } from "../backup/progress.ts";
import type { AgentApi } from "../kube/api.ts";
import type { Logger } from "../log.ts";
import { type AgentRestore, parseRestore } from "../parse/restore.ts";
import { createEntryReporter, type EntryReporter } from "../report/entry-reporter.ts";
import type { AgentSettings } from "../settings.ts";
import { openRepository } from "../work/repository.ts";
import type { Stopper } from "../work/stop.ts";
import type { RestoreTurn } from "./decide-restore.ts";
import { type HostRestoreOutcome, restoreHost } from "./host-restore.ts";
import { buildRestoreResult } from "./outcome.ts";
import type { RestoreProgress } from "./restore-messages.ts";
import { restoreObject } from "./restore-object.ts";

export interface RestoreTurnPorts {
  readonly settings: AgentSettings;
  readonly api: AgentApi;
  readonly stopper: Stopper;
  readonly log: Logger;
  readonly isVerified: boolean;
  readonly targetFolder: string;
  now(): Date;
}

/** Whether the entry, read afresh, is still the same pod's. */
function isStillOurs(object: unknown, turn: RestoreTurn): boolean {
  const restore = parseRestore(object);
  const index = Number(turn.pointer.slice(turn.pointer.lastIndexOf("/") + 1));
  const member = restore.members.find(({ pointer }) => pointer === turn.member.pointer);
  const entry = member?.entries[index];
  return entry !== undefined && entry.hostname === turn.hostname && entry.podUID === turn.entry.podUID;
}

function buildProgress(progress: RestoreProgress | undefined, now: Date) {
  const { bytesDone = 0, bytesTotal = 0, filesDone = 0, filesTotal = 0 } = progress ?? {};
  return {
    ...(progress !== undefined && {
      percent: bytesTotal === 0 ? 0 : Math.min(100, Math.round((bytesDone / bytesTotal) * 1_000) / 10),
      bytesDone,
      bytesTotal,
      filesDone,
      filesTotal,
    }),
    heartbeat: now.toISOString(),
  };
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
      pointer: turn.pointer,
      hostname: turn.hostname,
      podUid: turn.entry.podUID,
    },
    { api: ports.api, log, isStillOurs: (object) => isStillOurs(object, turn) },
  );
  reporter.lost.addEventListener("abort", () => stopper.stop({ kind: "lost" }), { once: true });
  const startedAt = turn.entry.startedAt ?? now().toISOString();
  reporter.set({ phase: "Running", startedAt, error: "", reason: "", progress: buildProgress(undefined, now()) });
  if (!(await reporter.flush())) return undefined;
  log.info({ restore: restore.name, host: turn.hostname }, "host started");
  const outcome = await work(restore, turn, reporter, ports);
  const stopped = stopper.reason();
  if (stopped?.kind === "lost") return undefined;
  if (stopped?.kind === "shutdown" && outcome.failure !== undefined) {
    reporter.set({ reason: "RESTIC_KILLED", error: "the container was stopped; its next start restores again" });
    await reporter.flush();
    return undefined;
  }
  const failure = stopped?.kind === "failed" ? stopped.error : outcome.failure;
  const result = buildRestoreResult(outcome.restored, outcome.warnings, failure, { startedAt, now: now() });
  reporter.set({ ...result });
  log.info({ host: turn.hostname, phase: result.phase, reason: result.reason, error: result.error }, "host ended");
  return (await reporter.flush()) ? result.phase : undefined;
}

async function work(
  restore: AgentRestore,
  turn: RestoreTurn,
  reporter: EntryReporter,
  ports: RestoreTurnPorts,
): Promise<HostRestoreOutcome> {
  const { settings, stopper, log, now } = ports;
  const { target } = turn.member.spec;
  let progress: RestoreProgress | undefined;
  const heartbeat = setInterval(() => reporter.set({ progress: buildProgress(progress, now()) }), HEARTBEAT_MS);
  try {
    const restic = await openRepository(restore.repository, {
      settings,
      isCacheEnabled: turn.member.spec.tempDir?.disableCaching !== true,
      signal: stopper.signal,
    });
    return await restoreHost(
      {
        host: {
          target: turn.member.ref,
          alias: turn.member.alias,
          hostname: turn.hostname,
          podName: settings.pod.name,
        },
        rules: target?.rules ?? [],
        point: restore.recoveryPoint,
        args: target?.args ?? [],
        targetFolder: ports.targetFolder,
        isVerified: ports.isVerified,
      },
      {
        restic,
        signal: stopper.signal,
        log,
        onProgress: (received) => {
          progress = received;
        },
        onRestored: (restored) => reporter.set({ snapshots: restored, progress: buildProgress(progress, now()) }),
      },
    );
  } catch (error) {
    const failure = error instanceof UserError ? error : new UserError("INTERNAL", messageOf(error), { cause: error });
    return { restored: [], warnings: [], failure };
  } finally {
    clearInterval(heartbeat);
  }
}
