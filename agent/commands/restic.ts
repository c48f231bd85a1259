/** `restic ARGS...`: restic on the Repository that the environment names, as a person would run it. */
import { findOtherOwner, otherOwnerError } from "../maintain/other-owner.ts";
import type { Restic } from "../restic/client.ts";
import { openAskedRepository } from "../work/asked-repository.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns restic's exit code; 1 where it was ended */
export async function run(argv: readonly string[]): Promise<number> {
  return runAsked(openAskedRepository({ env: process.env }), argv, shutdownSignal());
}

/** Says that a command only reads: all others write into the repository, a lock at least. */
const READS = "--no-lock";

/**
 * Runs it to its end. What it prints goes out as it comes, but for secrets in what it says beside its output: an address of a REST
 * server holds its password. A repository in a folder that belongs to another user is only read: he could not read what is written there.
 *
 * @throws UserError REPOSITORY_OWNER
 */
export async function runAsked(restic: Restic, argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { localFolder } = restic.access;
  if (localFolder !== undefined && !argv.includes(READS)) {
    const owner = await findOtherOwner(localFolder);
    if (owner !== undefined)
      throw otherOwnerError(localFolder, owner, `run it with --run-as=${owner.user}:${owner.group}`);
  }
  const { code } = await restic.run(argv, {
    signal,
    onRawStdout: (stdout) => stdout.pipe(process.stdout, { end: false }),
    onLine: (line) => void process.stderr.write(`${restic.clean(line)}\n`),
  });
  return code ?? 1;
}
