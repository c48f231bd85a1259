/** Opens or makes the repository before a program that is not ours works with it. */
import { UserError } from "../../shared/errors.ts";
import type { AgentBackupSession } from "../parse/backup-session.ts";
import type { EntryReporter } from "../report/entry-reporter.ts";
import { ensureRepository } from "../restic/ensure-repository.ts";
import { INITIALIZE, type OwnEntry } from "../turn.ts";
import { openRepository } from "../work/repository.ts";
import type { JobStep } from "./entry-of.ts";

/** Does what the entry's open action asks for, and reports what became of it. @throws UserError */
export async function initializeForOthers(
  session: AgentBackupSession,
  own: OwnEntry,
  reporter: EntryReporter,
  { settings, shutdown }: Pick<JobStep, "settings" | "shutdown">,
): Promise<void> {
  const results = own.entry.results ?? [];
  const isOpen = (own.entry.actions ?? []).includes(INITIALIZE) && !results.some(({ action }) => action === INITIALIZE);
  if (!isOpen) return;
  const startedAt = new Date().toISOString();
  const tell = (result: object) => {
    const times = { startedAt, finishedAt: new Date().toISOString() };
    reporter.set({ results: [...results, { action: INITIALIZE, ...times, ...result }] });
  };
  try {
    const options = { settings, isCacheEnabled: false, signal: shutdown };
    const isNew = await ensureRepository(await openRepository(session.status?.repository, options), shutdown);
    tell({ phase: "Succeeded", message: isNew ? "the repository was made" : "the repository exists" });
  } catch (error) {
    if (error instanceof UserError && !shutdown.aborted) {
      tell({ phase: "Failed", reason: error.code, message: error.message });
      await reporter.flush();
    }
    throw error;
  }
}
