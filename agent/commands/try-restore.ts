/**
 * `try-restore --repository=JSON --snapshot=ID`: restic's own dry run of a restore, in the pod whose files it would write over. What it
 * finds is printed as one line of JSON. Not even a lock is written.
 */
import { parseFlags, requireFlags } from "../flags.ts";
import { DRY_RUN } from "../restic/dry-run.ts";
import { createTried } from "../restore/tried.ts";
import { openAskedRepository } from "../work/asked-repository.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @throws UserError with restic's words when it can't be tried */
export async function run(argv: readonly string[]): Promise<number> {
  const flag = requireFlags(parseFlags(argv), ["repository", "snapshot"]);
  const restic = openAskedRepository({ env: process.env, repository: flag("repository") });
  const tried = createTried();
  const exit = await restic.restore(
    {
      snapshotId: flag("snapshot"),
      targetFolder: "/",
      include: [],
      exclude: [],
      args: [],
      flags: DRY_RUN,
      isVerified: false,
    },
    {
      signal: shutdownSignal(),
      onLine: tried.add,
    },
  );
  if (exit.code !== 0) throw restic.fault("dry run of the restore", exit);
  process.stdout.write(`${JSON.stringify(tried.sum())}\n`);
  return 0;
}
