/** What became of the user's script. Pure. */

import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { JobOutcome } from "../jobs/decide-outcome.ts";
import { provenWords } from "./results.ts";
import { type DrillStatus, ending, withConditions } from "./status.ts";

export interface ScriptEnd {
  /** Undefined where the container was ended by others. */
  readonly exitCode: number | undefined;
  /** The end of its output. */
  readonly output: string;
}

const MAX_OUTPUT = 2_000;

export function withScript(
  drill: BackupVerificationSession,
  status: DrillStatus,
  { exitCode, output }: ScriptEnd,
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
    script: { ...(exitCode !== undefined && { exitCode }), output: told },
    checks: [...(status.checks ?? []), { name: "script", ok: isGood, message: isGood ? "exit code 0" : why }],
  };
  const reason =
    outcome.kind === "failed" && outcome.code === "DEADLINE_EXCEEDED" ? outcome.code : "RECOVERY_NOT_PROVEN";
  const end = isGood
    ? ending(next, "Succeeded", { message: `${provenWords(next)}, script passed` }, now)
    : ending(next, "Failed", { reason, message: `the script failed: ${why}` }, now);
  return withConditions(end, drill, now);
}
