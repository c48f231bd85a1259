/** Runs the open work on the repository that a host's entry carries, one action after another. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { invokerTag } from "../../shared/snapshot-tags.ts";
import { startHeartbeat } from "../backup/progress.ts";
import { type ActionOutcome, type ActionPorts, runAction } from "../maintain/actions.ts";
import type { RetentionScope } from "../maintain/retention.ts";
import type { AgentBackupInvoker } from "../parse/backup-invoker.ts";
import type { AgentBackupSession } from "../parse/backup-session.ts";
import type { OwnEntry } from "../turn.ts";
import { readInvoker } from "./read-invoker.ts";
import { openRepository } from "./repository.ts";
import { reporterOf, type TurnPorts, withLockOf } from "./turn-ports.ts";

/** Whose snapshots retention may touch: the invoker's, and those without tags of its hosts and paths. */
export function retentionScope(session: AgentBackupSession, invoker: AgentBackupInvoker): RetentionScope {
  const targets = session.status?.targets ?? [];
  const paths = [
    ...invoker.members.flatMap(({ spec }) => spec.target?.paths ?? []),
    ...targets.flatMap(({ member }) => member?.target?.paths ?? []),
    ...targets.flatMap(({ stats }) =>
      (stats ?? []).flatMap(({ snapshots }) => (snapshots ?? []).map(({ path }) => path ?? "")),
    ),
  ].filter((path) => path !== "");
  const hosts = targets.flatMap(({ stats }) => (stats ?? []).map(({ hostname }) => hostname ?? "")).filter(Boolean);
  const { kind, namespace, name } = invoker;
  return {
    invokerTag: invokerTag({ kind, namespace, name }),
    untagged: [...new Set(hosts)].flatMap((host) => [...new Set(paths)].map((path) => ({ host, path }))),
  };
}

function resultOf(action: HostAction, outcome: ActionOutcome, startedAt: string, finishedAt: string): HostActionResult {
  if (outcome.kind === "done") return { action, phase: "Succeeded", ...outcome.facts, startedAt, finishedAt };
  const { error, integrity } = outcome.failure;
  return {
    action,
    phase: "Failed",
    reason: error.code,
    message: error.message,
    ...(integrity !== undefined && { integrity }),
    startedAt,
    finishedAt,
  };
}

async function prepare(
  session: AgentBackupSession,
  own: OwnEntry,
  ports: TurnPorts,
): Promise<Pick<ActionPorts, "restic" | "policy" | "scope" | "readDataSubset" | "signal">> {
  const invoker = await readInvoker(session, ports);
  const { settings, stopper } = ports;
  const options = { settings, isCacheEnabled: true, signal: stopper.signal };
  return {
    restic: await openRepository(session.status?.repository, options),
    policy: invoker.retentionPolicy,
    scope: retentionScope(session, invoker),
    readDataSubset: own.entry.actionParams?.readDataSubset,
    signal: stopper.signal,
  };
}

/** Runs the actions, whatever became of the one before. What a stop of the container cuts off stays open. */
export async function runActions(
  session: AgentBackupSession,
  own: OwnEntry,
  actions: readonly HostAction[],
  ports: TurnPorts,
): Promise<void> {
  const { stopper, log, now } = ports;
  const reporter = reporterOf(session, own, ports);
  let results: readonly HostActionResult[] = (own.entry.results ?? []).filter(
    ({ action }) => !actions.includes(action),
  );
  const heartbeat = startHeartbeat(reporter, now, own.entry.progress);
  try {
    let prepared: Awaited<ReturnType<typeof prepare>> | undefined;
    for (const action of actions) {
      if (stopper.signal.aborted) break;
      const startedAt = now().toISOString();
      reporter.set({ results: [...results, { action, phase: "Running", startedAt }] });
      let outcome: ActionOutcome;
      try {
        prepared ??= await prepare(session, own, ports);
        const withLock = withLockOf(own, prepared.restic, reporter, ports);
        outcome = await runAction(action, { ...prepared, withLock });
      } catch (thrown) {
        const error = thrown instanceof UserError ? thrown : new UserError("INTERNAL", messageOf(thrown));
        outcome = { kind: "failed", failure: { error } };
      }
      if (stopper.reason()?.kind === "shutdown" && outcome.kind === "failed") break;
      const result = resultOf(action, outcome, startedAt, now().toISOString());
      log.info({ action, host: own.hostname, phase: result.phase, reason: result.reason }, "action ended");
      results = [...results, result];
      reporter.set({ results });
    }
  } finally {
    heartbeat.stop();
  }
  await reporter.flush();
}
