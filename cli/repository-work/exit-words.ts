/** What the end of restic means, and what to do: for people who look at a Repository. Pure. */
import { codeOfExit } from "../../agent/restic/fault.ts";
import { ERRORS, type ErrorCode } from "../../shared/errors.ts";

export interface RepositoryPlace {
  readonly namespace: string;
  readonly name: string;
}

export interface ExitWords {
  readonly code: ErrorCode;
  /** Begins with a colon where there is something to say. */
  readonly why: string;
  readonly next: string | undefined;
}

/** @param programName as people call the program */
export function wordsOfExit(exitCode: number, { namespace, name }: RepositoryPlace, programName: string): ExitWords {
  const code = codeOfExit(exitCode);
  if (code === undefined) return { code: "RESTIC_FAILED", why: "", next: undefined };
  const { meaning, next } = ERRORS[code];
  const unlock = `wait for its end; where it is gone: ${programName} unlock ${name} -n ${namespace}`;
  return {
    code,
    why: `: ${code}: ${meaning.replace(/\.$/, "")}`,
    next: code === "REPOSITORY_LOCKED" ? unlock : next.replace(/\.$/, ""),
  };
}
