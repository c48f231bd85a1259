/** Looks for the repository and makes it only when restic itself says that there is none. */
import type { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import type { Restic } from "./client.ts";

const PROBE_LIMIT_MS = 10 * 60_000;
/** Half a dozen tries. restic before 0.17 says at once that there is no answer; later ones would try for 15 minutes. */
export const RETRY_PATIENCE_MS = 30_000;
/** restic's words when another host made the repository in the meantime. */
const EXISTS_ALREADY = /already exists|already initialized/i;

export type RepositoryState =
  /** With restic's id of it. */
  | { readonly kind: "exists"; readonly id: string | undefined }
  | { readonly kind: "missing" }
  | { readonly kind: "fault"; readonly error: UserError };

/** Of a text in which restic tells an object with the id. */
function idIn(text: string): string | undefined {
  try {
    const told: unknown = JSON.parse(text.slice(text.indexOf("{")));
    const id = isJsonObject(told) ? told["id"] : undefined;
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Opens the repository's configuration: the cheapest thing that tells address, credentials and password. */
async function probeRepository(restic: Restic, signal: AbortSignal): Promise<RepositoryState> {
  const limits = { timeLimitMs: PROBE_LIMIT_MS, retryPatienceMs: RETRY_PATIENCE_MS };
  const lines: string[] = [];
  const onOutput = (line: string) => lines.push(line);
  const exit = await restic.run(["cat", "config", "--no-lock"], { signal, ...limits, onOutput });
  if (exit.code === 0) return { kind: "exists", id: idIn(lines.join("\n")) };
  const error = restic.fault("look for the repository", exit);
  return error.code === "REPOSITORY_NOT_FOUND" ? { kind: "missing" } : { kind: "fault", error };
}

/** restic's id of the repository; undefined when it can't be told. */
export async function readRepositoryId(restic: Restic, signal: AbortSignal): Promise<string | undefined> {
  const state = await probeRepository(restic, signal);
  return state.kind === "exists" ? state.id : undefined;
}

/**
 * Makes sure that the repository exists.
 *
 * @param onId is told restic's id of it, where restic says it
 * @returns whether it was made now
 * @throws UserError when it can't be opened or made
 */
export async function ensureRepository(
  restic: Restic,
  signal: AbortSignal,
  onId: (id: string | undefined) => void = () => {},
): Promise<boolean> {
  const isThere = (state: RepositoryState): boolean => {
    if (state.kind === "exists") onId(state.id);
    return state.kind === "exists";
  };
  const before = await probeRepository(restic, signal);
  if (isThere(before)) return false;
  if (before.kind === "fault") throw before.error;
  const lines: string[] = [];
  const onOutput = (line: string) => lines.push(line);
  const exit = await restic.run(["init", "--json"], { signal, timeLimitMs: PROBE_LIMIT_MS, onOutput });
  if (exit.code === 0) {
    onId(idIn(lines.join("\n")));
    return true;
  }
  if (exit.tail.some((line) => EXISTS_ALREADY.test(line))) {
    const after = await probeRepository(restic, signal);
    if (isThere(after)) return false;
    if (after.kind === "fault") throw after.error;
  }
  throw restic.fault("make the repository", exit);
}
