/** Looks for the repository and makes it only when restic itself says that there is none. */
import type { UserError } from "../../shared/errors.ts";
import type { Restic } from "./client.ts";

const PROBE_LIMIT_MS = 10 * 60_000;
/** Half a dozen tries. restic before 0.17 says at once that there is no answer; later ones would try for 15 minutes. */
export const RETRY_PATIENCE_MS = 30_000;
/** restic's words when another host made the repository in the meantime. */
const EXISTS_ALREADY = /already exists|already initialized/i;

export type RepositoryState =
  | { readonly kind: "exists" }
  | { readonly kind: "missing" }
  | { readonly kind: "fault"; readonly error: UserError };

/** Opens the repository's configuration: the cheapest thing that tells address, credentials and password. */
export async function probeRepository(restic: Restic, signal: AbortSignal): Promise<RepositoryState> {
  const limits = { timeLimitMs: PROBE_LIMIT_MS, retryPatienceMs: RETRY_PATIENCE_MS };
  const exit = await restic.run(["cat", "config", "--no-lock"], { signal, ...limits });
  if (exit.code === 0) return { kind: "exists" };
  const error = restic.fault("look for the repository", exit);
  return error.code === "REPOSITORY_NOT_FOUND" ? { kind: "missing" } : { kind: "fault", error };
}

/**
 * Makes sure that the repository exists.
 *
 * @returns whether it was made now
 * @throws UserError when it can't be opened or made
 */
export async function ensureRepository(restic: Restic, signal: AbortSignal): Promise<boolean> {
  const before = await probeRepository(restic, signal);
  if (before.kind === "exists") return false;
  if (before.kind === "fault") throw before.error;
  const exit = await restic.run(["init"], { signal, timeLimitMs: PROBE_LIMIT_MS });
  if (exit.code === 0) return true;
  if (exit.tail.some((line) => EXISTS_ALREADY.test(line))) {
    const after = await probeRepository(restic, signal);
    if (after.kind === "exists") return false;
    if (after.kind === "fault") throw after.error;
  }
  throw restic.fault("make the repository", exit);
}
