/** What became of the user's script. Pure. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { sha256 } from "../../shared/evidence/sha256.ts";
import type { JobOutcome } from "../jobs/decide.ts";
import { provenWords } from "./results.ts";
import { type DrillStatus, ending, withConditions } from "./status.ts";

export interface ScriptEnd {
  /** Undefined where the container was ended by others. */
  readonly exitCode: number | undefined;
  /** The end of its output. */
  readonly output: string;
  /** Of the container that ran; nothing where its pod is gone. */
  readonly image?: string;
  readonly imageId?: string;
  readonly command?: readonly string[];
}

const MAX_OUTPUT = 2_000;
const MAX_COMMAND = 2_000;

/** The beginning of a long one, with the hash of the whole: two that begin alike are not taken for the same. */
function commandText(command: readonly string[]): string {
  const text = JSON.stringify(command);
  return text.length <= MAX_COMMAND ? text : `${text.slice(0, MAX_COMMAND)}... (SHA-256 ${sha256(text)})`;
}

export function withScript(
  drill: BackupVerificationSession,
  status: DrillStatus,
  { exitCode, output, image, imageId, command }: ScriptEnd,
  outcome: JobOutcome,
  now: Date,
): DrillStatus {
  const isGood = outcome.kind === "complete" && exitCode === 0;
  const told = output.trim().slice(-MAX_OUTPUT);
  const why =
    exitCode === undefined || exitCode === 0
      ? outcome.kind === "failed"
        ? outcome.message
        : "its container is gone"
      : `exit code ${exitCode}${told === "" ? "" : `: ${told}`}`;
  const next: DrillStatus = {
    ...status,
    script: {
      ...(exitCode !== undefined && { exitCode }),
      output: told,
      ...(image !== undefined && { image }),
      ...(imageId !== undefined && { imageId }),
      ...(command !== undefined && { command: commandText(command) }),
    },
    checks: [...(status.checks ?? []), { name: "script", ok: isGood, message: isGood ? "exit code 0" : why }],
  };
  const reason =
    outcome.kind === "failed" && outcome.code === "DEADLINE_EXCEEDED" ? outcome.code : "RECOVERY_NOT_PROVEN";
  const end = isGood
    ? ending(next, "Succeeded", { message: `${provenWords(next)}, script passed` }, now)
    : ending(next, "Failed", { reason, message: `the script failed: ${why}` }, now);
  return withConditions(end, drill, now);
}
