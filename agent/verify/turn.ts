/** A drill's turn in its own Job: looks at what was restored, and reports it. */
import { randomBytes } from "node:crypto";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { VerifiedMember } from "../../shared/api/verification.ts";
import { formatDuration } from "../../shared/duration.ts";
import { formatUserError, isErrorCode, UserError } from "../../shared/errors.ts";
import { startHeartbeat } from "../backup/progress.ts";
import { asUserError } from "../file-faults.ts";
import { requireFewStarts } from "../restarts.ts";
import type { Restic } from "../restic/client.ts";
import { openRepository } from "../work/repository.ts";
import { reporterOf, type WorkPorts } from "../work/turn-ports.ts";
import { verifyMembers } from "./members.ts";

const SEED_BYTES = 16;
const VERSION_LIMIT_MS = 60_000;

interface Outcome {
  readonly members: readonly VerifiedMember[];
  readonly failure: UserError | undefined;
}

/** Runs the turn and reports its result. @returns the result's phase; undefined when it was cut short or is not ours any more */
export async function runVerifyTurn(run: HostRun, ports: WorkPorts): Promise<"Succeeded" | "Failed" | undefined> {
  const { stopper, log, now } = ports;
  const reporter = reporterOf(run, ports);
  const startedAt = now();
  const starts = (run.status?.starts ?? 0) + 1;
  const heartbeatTime = startedAt.toISOString();
  reporter.set({
    phase: "Running",
    starts,
    startedAt: heartbeatTime,
    error: "",
    reason: "",
    progress: { heartbeat: heartbeatTime },
  });
  if (!(await reporter.flush())) return undefined;
  const heartbeat = startHeartbeat(reporter, now, { everySeconds: run.spec.heartbeatSeconds });
  try {
    let resticVersion = "";
    const { members, failure } = await verify(run, starts, ports, {
      onVersion(version) {
        resticVersion = version;
      },
      onMembers: (members) => reporter.set({ verified: { members, resticVersion } }),
    });
    const stopped = stopper.reason();
    if (stopped?.kind === "lost" || (stopped?.kind === "shutdown" && failure !== undefined)) return undefined;
    const found = failureOf(members);
    const cut = stopped?.kind === "failed" ? stopped.error : failure;
    const why = cut ?? found;
    const phase = why === undefined ? "Succeeded" : "Failed";
    const finishedAt = now();
    reporter.set({
      phase,
      // What was cut short must not pass for a look that found nothing.
      verified: cut !== undefined && found === undefined ? undefined : { members, resticVersion },
      finishedAt: finishedAt.toISOString(),
      duration: formatDuration(finishedAt.getTime() - startedAt.getTime()),
      error: why === undefined ? "" : formatUserError(why),
      reason: why?.code ?? "",
      progress: heartbeat.current(),
    });
    log.info({ run: run.spec.run.name, phase, reason: why?.code }, "what was restored has been looked at");
    return (await reporter.flush()) ? phase : undefined;
  } finally {
    heartbeat.stop();
  }
}

async function verify(
  run: HostRun,
  starts: number,
  { settings, stopper, log }: WorkPorts,
  told: { onVersion(version: string): void; onMembers(members: readonly VerifiedMember[]): void },
): Promise<Outcome> {
  let members: readonly VerifiedMember[] = [];
  const { spec } = run;
  const { signal } = stopper;
  try {
    requireFewStarts(starts, `drill ${spec.run.name}`);
    if (spec.verify === undefined) throw new UserError("INTERNAL", "the order does not say what was restored");
    const isCacheEnabled = spec.disableCaching !== true;
    const restic = await openRepository(spec.repository, { settings, isCacheEnabled, signal });
    told.onVersion(await gatherVersion(restic, signal));
    members = await verifyMembers(spec.verify, {
      restic,
      settings,
      signal,
      log,
      seed: randomBytes(SEED_BYTES).toString("hex"),
      areOwnersSet: process.geteuid?.() === 0,
      onMembers(done) {
        members = [...done];
        told.onMembers(members);
      },
    });
    return { members, failure: undefined };
  } catch (error) {
    return { members, failure: asUserError(error) };
  }
}

/** `0.18.0`; empty when it does not say. */
async function gatherVersion(restic: Restic, signal: AbortSignal): Promise<string> {
  let version = "";
  await restic.run(["version"], {
    signal,
    timeLimitMs: VERSION_LIMIT_MS,
    onOutput(line) {
      version = /^restic (\S+)/.exec(line)?.[1] ?? version;
    },
  });
  return version;
}

/** The first finding, and how many there are. */
function failureOf(members: readonly VerifiedMember[]): UserError | undefined {
  const count = members.reduce((sum, { findingCount = 0 }) => sum + findingCount, 0);
  const member = members.find(({ findings = [] }) => findings.length > 0);
  const [first] = member?.findings ?? [];
  if (member === undefined || first === undefined) return undefined;
  const code = isErrorCode(first.code) ? first.code : "VERIFY_FAILED";
  const where = first.path === undefined ? member.alias : `${member.alias}: ${first.path}`;
  const more = count > 1 ? ` (and ${count - 1} more findings)` : "";
  return new UserError(code, `${where}: ${first.message}${more}`);
}
