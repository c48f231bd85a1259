/**
 * What is to be done for a drill now. Reads no clock and writes nothing.
 *
 * | # | facts | answer |
 * |---|---|---|
 * | 1 | it is being deleted | nothing: what was made for it goes with it |
 * | 2 | it has ended, and something of it is there | it goes |
 * | 3 | it has ended | nothing |
 * | 4 | it is cleaning | go on until nothing is left, or ten minutes have passed, then write how it ended |
 * | 5 | its verifier is gone, somebody cancelled it, a restore of a target is there, or its time is over | it ends |
 * | 6 | not begun | begin.ts says what keeps it, else what it will do |
 * | 7 | otherwise | carry-on.ts says how its step goes on |
 */
import { parseDuration } from "../../shared/duration.ts";
import { type ERRORS, UserError } from "../../shared/errors.ts";
import { begin } from "./begin.ts";
import { carryOn } from "./carry-on.ts";
import { type DrillDecision, wait } from "./decision.ts";
import { type DrillStatus, ended, ending, isFinalDrill, withConditions } from "./status.ts";
import type { DrillView } from "./view.ts";

/** Restores of a whole application take minutes; what takes longer says so in the verifier. */
const DEFAULT_TIME_OUT_MS = 3_600_000;

/** How long the drill may take. */
function timeOutMs({ verifier }: Pick<DrillView, "verifier">): number {
  const { timeOut } = verifier?.spec ?? {};
  if (timeOut === undefined) return DEFAULT_TIME_OUT_MS;
  try {
    return parseDuration(timeOut, "spec.timeOut") || DEFAULT_TIME_OUT_MS;
  } catch (error) {
    // What admission did not see is as good as not written.
    if (error instanceof UserError) return DEFAULT_TIME_OUT_MS;
    throw error;
  }
}

export function decideDrill(view: DrillView, now: Date): DrillDecision {
  const { drill, batch, verifyJob, scriptJob, serverJobs, hostRuns } = view;
  const status = drill.status ?? {};
  if (drill.metadata.deletionTimestamp !== undefined) return wait("the drill is being deleted", undefined);
  if (isFinalDrill(drill)) {
    const jobs = [verifyJob, scriptJob, ...serverJobs.values()].filter((job) => job !== undefined);
    const isLeft = batch !== undefined || jobs.length > 0 || hostRuns.length > 0;
    return isLeft ? { kind: "clean-up", status } : wait("the drill has ended", undefined);
  }
  if (status.step === "Cleaning") return { kind: "clean-up", status: withConditions(ended(status, now), drill, now) };
  const interruption = whyInterrupted(view, now);
  if (interruption !== undefined) return end(view, interruption, now);
  const left = leftMs(view, now);
  return isBegun(status) ? carryOn(view, status, left, now) : begin(view, timeOutMs(view), now);
}

function isBegun({ step }: DrillStatus): boolean {
  return step !== undefined && step !== "Pending";
}

/** Before it begins it may wait for as long as it may then take. */
function leftMs({ drill, ...view }: DrillView, now: Date): number {
  const { deadline } = drill.status ?? {};
  const created = Date.parse(drill.metadata.creationTimestamp ?? "") || now.getTime();
  const endMs = deadline === undefined ? created + timeOutMs(view) : Date.parse(deadline);
  return endMs - now.getTime();
}

interface Ending {
  readonly outcome: "Failed" | "Skipped";
  readonly reason: keyof typeof ERRORS;
  readonly message: string;
}

function whyInterrupted(view: DrillView, now: Date): Ending | undefined {
  const { drill, verifier, restore } = view;
  const skip = (message: string): Ending => ({ outcome: "Skipped", reason: "DRILL_GAVE_WAY", message });
  if (verifier === undefined || verifier.metadata.deletionTimestamp !== undefined) {
    return skip(`BackupVerifier ${drill.spec.verifier} does not exist`);
  }
  if (drill.spec.cancel === true) return { outcome: "Skipped", reason: "CANCELLED", message: "somebody cancelled it" };
  if (restore !== undefined) return skip(`${restore} is there, and a drill gives way to a restore`);
  if (leftMs(view, now) > 0) return undefined;
  if (!isBegun(drill.status ?? {})) return skip(drill.status?.message ?? "its turn did not come in time");
  const doing = drill.status?.message === undefined ? "" : `: ${drill.status.message}`;
  return { outcome: "Failed", reason: "DEADLINE_EXCEEDED", message: `it did not end within spec.timeOut${doing}` };
}

/** What has made nothing yet has nothing to clean. */
function end(view: DrillView, { outcome, reason, message }: Ending, now: Date): DrillDecision {
  const { drill } = view;
  const status = ending(drill.status ?? {}, outcome, { reason, message }, now);
  const next = isBegun(drill.status ?? {}) ? status : ended(status, now);
  return { kind: "tell", status: withConditions(next, drill, now) };
}
