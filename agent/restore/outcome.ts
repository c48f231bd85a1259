/** From what restic said about a restore to what the status says about the host. Pure. */
import type { RestoredSnapshot } from "../../shared/api/host-stats.ts";
import { formatDuration } from "../../shared/duration.ts";
import { type ErrorCode, UserError } from "../../shared/errors.ts";
import type { ResticExit } from "../restic/run.ts";

export interface ItemError {
  readonly item: string;
  readonly text: string;
}

const MAX_NAMED = 20;

/** What restic sets on a file or folder after its content, by its words when it can't. */
const METADATA: readonly (readonly [string, RegExp])[] = [
  ["owners", /^(Lchown: )?l?chown /],
  ["modes", /^(Chmod: )?chmod /],
  ["times", /^(failed to restore timestamp of |UtimesNano)/],
  ["extended attributes", /^xattr\.\w+ /],
];

function metadataOf({ text }: ItemError): string | undefined {
  return METADATA.find(([, words]) => words.test(text))?.[0];
}

/** Lines for the status: what metadata could not be set, in sum; other errors by name, the first of them. */
export function itemWarnings(errors: readonly ItemError[]): readonly string[] {
  const sums = METADATA.flatMap(([what]) => {
    const own = errors.filter((error) => metadataOf(error) === what);
    const [first] = own;
    const files = own.length === 1 ? "1 file or folder" : `${own.length} files or folders`;
    return first === undefined ? [] : [`${what} of ${files} could not be set, first ${first.item}: ${first.text}`];
  });
  const others = errors.filter((error) => metadataOf(error) === undefined);
  const named = others.slice(0, MAX_NAMED).map(({ item, text }) => `${item}: ${text}`);
  const rest = others.length - named.length;
  return [...sums, ...named, ...(rest > 0 ? [`${rest} more could not be restored as they were`] : [])];
}

/** Whether the item is no part of what is restored, but a folder above it, such as a mount point's parents. */
function isAbove(item: string, paths: readonly string[]): boolean {
  const folder = withSlash(item);
  const isPart = paths.some((path) => path === item || item.startsWith(withSlash(path)));
  return !isPart && paths.some((path) => path.startsWith(folder));
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/** The errors of what is restored. Folders above it keep their mode and owner, which is nothing to warn of. */
export function errorsOfRestored(errors: readonly ItemError[], paths: readonly string[]): readonly ItemError[] {
  return errors.filter(({ item }) => !isAbove(item, paths));
}

/**
 * Whether nothing went wrong with the data: folders above the restored paths kept their mode or owner, which are not part of it
 * and can't be changed in a container with a read-only root; and what was restored lacks metadata that the container may not set.
 */
export function isDataWhole(errors: readonly ItemError[], paths: readonly string[], exit: ResticExit): boolean {
  if (errors.length === 0 || exit.signal !== undefined || exit.stopped !== undefined) return false;
  const counted = exit.tail.map((line) => /^Fatal: There were (\d+) errors/.exec(line)?.[1]).find(Boolean);
  if (counted === undefined || Number(counted) > errors.length) return false;
  return errorsOfRestored(errors, paths).every((error) => metadataOf(error) !== undefined);
}

const CODES: readonly (readonly [ErrorCode, RegExp])[] = [
  ["VOLUME_FULL", /no space left on device|disk quota exceeded/i],
  ["PERMISSION_DENIED", /permission denied|operation not permitted|read-only file system/i],
  ["VERIFY_FAILED", /invalid file size|unexpected contents|verif/i],
];

/**
 * The error of a restore that restic did not end well.
 *
 * @param fault what the exit and restic's last words say
 */
export function restoreFault(errors: readonly ItemError[], fault: UserError, what: string): UserError {
  if (fault.code === "NO_SPACE") return new UserError("VOLUME_FULL", fault.message, { cause: fault });
  const mayBeItems = fault.code === "RESTIC_FAILED" || fault.code === "REPOSITORY_READ_ONLY";
  if (!mayBeItems || errors.length === 0) return fault;
  const words = errors.map(({ text }) => text).join("\n");
  const code = CODES.find(([, pattern]) => pattern.test(words))?.[0] ?? "RESTIC_FAILED";
  const first = errors[0];
  return new UserError(code, `${what}: ${errors.length} errors, first ${first?.item}: ${first?.text}`, {
    cause: fault,
  });
}

export interface RestoreHostResult {
  readonly phase: "Succeeded" | "Failed";
  readonly restored: readonly RestoredSnapshot[];
  readonly warnings: readonly string[];
  readonly error: string;
  readonly reason: string;
  readonly duration: string;
  readonly finishedAt: string;
}

/** The host's result. What was restored before the error is told in any case. */
export function buildRestoreResult(
  restored: readonly RestoredSnapshot[],
  warnings: readonly string[],
  failure: UserError | undefined,
  times: { readonly startedAt: string; readonly now: Date },
): RestoreHostResult {
  return {
    phase: failure === undefined ? "Succeeded" : "Failed",
    restored,
    warnings,
    error: failure === undefined ? "" : `${failure.message} (next: ${failure.next})`,
    reason: failure?.code ?? "",
    duration: formatDuration(Math.max(0, times.now.getTime() - Date.parse(times.startedAt))),
    finishedAt: times.now.toISOString(),
  };
}
