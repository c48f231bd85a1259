/** `restic ARGS...`: restic on the Repository that the environment names, as a person would run it. */
import type { Restic } from "../restic/client.ts";
import { openAskedRepository } from "../work/asked-repository.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns restic's exit code; 1 where it was ended */
export async function run(argv: readonly string[]): Promise<number> {
  return runAsked(openAskedRepository({ env: process.env }), argv, shutdownSignal());
}

/**
 * Runs it to its end. What it prints goes out as it comes, but for secrets in what it says beside its output: an address of a REST
 * server holds its password.
 */
export async function runAsked(restic: Restic, argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { code } = await restic.run(argv, {
    signal,
    onRawStdout: (stdout) => stdout.pipe(process.stdout, { end: false }),
    onLine: (line) => void process.stderr.write(`${restic.clean(line)}\n`),
  });
  return code ?? 1;
}
