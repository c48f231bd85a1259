/** Opens the repository of a session: the first host makes sure that it exists, the others wait for that. */
import { isErrorCode, UserError } from "../../shared/errors.ts";
import type { AgentBackupSession } from "../parse/backup-session.ts";
import type { EntryReporter } from "../report/entry-reporter.ts";
import type { Restic } from "../restic/client.ts";
import { ensureRepository } from "../restic/ensure-repository.ts";
import { INITIALIZE, type OwnEntry, repositoryCondition } from "../turn.ts";
import type { BackupPlan } from "./backup-plan.ts";
import { openRepository } from "./repository.ts";
import type { TurnPorts } from "./turn-ports.ts";

/** Waits until the session says that the repository exists. @throws UserError when it says that it does not */
async function waitForRepository(ports: TurnPorts): Promise<void> {
  while (!ports.stopper.signal.aborted) {
    const state = ports.view.state();
    const condition = state.kind === "present" ? repositoryCondition(state.object) : undefined;
    if (condition?.status === "True") return;
    if (condition?.status === "False") throw refusalOf(condition.message);
    await ports.view.changed(ports.stopper.signal);
  }
}

/** The condition's message starts with the code of what the first host met. */
function refusalOf(message: string): UserError {
  const [, code = "", words = ""] = /^([A-Z_]+): ([\s\S]*)$/.exec(message) ?? [];
  return isErrorCode(code) ? new UserError(code, words) : new UserError("REPOSITORY_NOT_FOUND", message);
}

/** Looks for the repository where this host is the one to do so, and reports what became of that action. */
async function initialize(own: OwnEntry, restic: Restic, reporter: EntryReporter, ports: TurnPorts): Promise<void> {
  const others = (own.entry.results ?? []).filter(({ action }) => action !== INITIALIZE);
  const startedAt = ports.now().toISOString();
  const tell = (result: object) =>
    reporter.set({
      results: [...others, { action: INITIALIZE, startedAt, finishedAt: ports.now().toISOString(), ...result }],
    });
  try {
    const isNew = await ensureRepository(restic, ports.stopper.signal);
    tell({ phase: "Succeeded", message: isNew ? "the repository was made" : "the repository exists" });
    ports.log.info({ isNew }, "repository ready");
  } catch (error) {
    if (error instanceof UserError && !ports.stopper.signal.aborted) {
      tell({ phase: "Failed", reason: error.code, message: error.message });
    }
    throw error;
  }
}

/**
 * restic on the session's repository, which exists when this returns.
 *
 * @throws UserError when the repository can't be reached, opened or made
 */
export async function openForBackup(
  session: AgentBackupSession,
  own: OwnEntry,
  plan: BackupPlan,
  reporter: EntryReporter,
  ports: TurnPorts,
): Promise<Restic> {
  const isFirst = (own.entry.actions ?? []).includes(INITIALIZE);
  const { settings, stopper } = ports;
  const options = { settings, isCacheEnabled: plan.member.isCacheEnabled, signal: stopper.signal };
  let restic: Restic;
  try {
    restic = await openRepository(session.status?.repository, options);
  } catch (error) {
    if (isFirst && error instanceof UserError && !stopper.signal.aborted) {
      const times = { startedAt: ports.now().toISOString(), finishedAt: ports.now().toISOString() };
      const result = { action: INITIALIZE, phase: "Failed", reason: error.code, message: error.message, ...times };
      reporter.set({ results: [result] });
    }
    throw error;
  }
  if (isFirst) await initialize(own, restic, reporter, ports);
  else await waitForRepository(ports);
  return restic;
}
