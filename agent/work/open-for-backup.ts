/** Opens the repository for a backup. The session's first host makes sure that it exists; the others come after that. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { REPOSITORY_MADE } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import type { Restic } from "../restic/client.ts";
import { ensureRepository } from "../restic/ensure-repository.ts";
import { INITIALIZE } from "../turn.ts";
import { openBySaving } from "./open-by-saving.ts";
import { openRepository } from "./repository.ts";
import type { WorkPorts } from "./turn-ports.ts";

/**
 * restic on the host run's repository, which exists when this returns, or when its first backup begins. What became of the look
 * for it is reported where this host is the one to look.
 *
 * @param opensBySaving whether nothing is done before the first backup that needs the repository
 * @throws UserError when the repository can't be reached, opened or made
 */
export async function openForBackup(
  run: HostRun,
  reporter: RunReporter,
  ports: Pick<WorkPorts, "settings" | "stopper" | "log" | "now">,
  opensBySaving = false,
): Promise<Restic> {
  const { settings, stopper, log, now } = ports;
  const options = { settings, isCacheEnabled: run.spec.disableCaching !== true, signal: stopper.signal };
  if (!(run.spec.actions ?? []).includes(INITIALIZE)) return openRepository(run.spec.repository, options);
  const others = (run.status?.results ?? []).filter(({ action }) => action !== INITIALIZE);
  const startedAt = now().toISOString();
  const tell = (result: object) =>
    reporter.set({
      results: [...others, { action: INITIALIZE, startedAt, finishedAt: now().toISOString(), ...result }],
    });
  const onReady = (isNew: boolean, id: string | undefined): boolean => {
    const message = isNew ? REPOSITORY_MADE : "the repository exists";
    tell({ phase: "Succeeded", message, ...(id !== undefined && { repositoryID: id }) });
    log.info({ isNew }, "repository ready");
    return isNew;
  };
  async function telling<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UserError && !stopper.signal.aborted) {
        tell({ phase: "Failed", reason: error.code, message: error.message });
      }
      throw error;
    }
  }
  const restic = await telling(() => openRepository(run.spec.repository, options));
  const ensure = () =>
    telling(async () => {
      let id: string | undefined;
      const isNew = await ensureRepository(restic, stopper.signal, (told) => {
        id = told;
      });
      return onReady(isNew, id);
    });
  const onFound = () => onReady(false, restic.openedId());
  if (opensBySaving) return openBySaving(restic, { onFound, ensure, signal: stopper.signal });
  await ensure();
  return restic;
}
