/** Errors of the agent's own work on files, by the same table as restic's. Pure. */
import { type ErrorCode, messageOf, UserError } from "../shared/errors.ts";

/** By the system's name of the error. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  EROFS: "PERMISSION_DENIED",
  EBUSY: "PERMISSION_DENIED",
  ETXTBSY: "PERMISSION_DENIED",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
};

const NEXT: Readonly<Record<string, string>> = {
  EROFS: "Mount the volume so that it can be written: without readOnly in volumeMounts and in the pod's volume.",
  EBUSY: "Something is mounted there, or a program has it open: take that away, or leave it out.",
  ETXTBSY: "A program runs from that file: end it, or leave the file out.",
};

/**
 * Whatever was thrown, as an error that people can act on. What is none of ours and none of the system's is INTERNAL.
 *
 * @param what was being done, such as `/data`; left out where the message tells it
 */
export function asUserError(thrown: unknown, what?: string): UserError {
  if (thrown instanceof UserError) return thrown;
  const message = what === undefined ? messageOf(thrown) : `${what}: ${messageOf(thrown)}`;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new UserError("RESTIC_KILLED", message, { cause: thrown });
  }
  const name = thrown instanceof Error && "syscall" in thrown && "code" in thrown ? String(thrown.code) : "";
  const next = NEXT[name];
  return new UserError(CODES[name] ?? "INTERNAL", message, { cause: thrown, ...(next !== undefined && { next }) });
}
