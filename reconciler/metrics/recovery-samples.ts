/** What alerts ask of verifiers: whether recovery points are still proven, and how long the last recovery took. Pure. */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { parseDuration } from "../../shared/duration.ts";
import { UserError } from "../../shared/errors.ts";
import { nextRuns } from "../../shared/schedule/parse.ts";
import { periodMs } from "../health/decide.ts";
import { readSchedule } from "../verification/decide-verifier.ts";
import type { GaugeSpec, Sample } from "./gauge-table.ts";
import { timeSeconds } from "./session-samples.ts";

const VERIFIER = ["verifier", "namespace"] as const;

const NAME = {
  unproven: "stash_batch_verifier_unproven_since_time_seconds",
  period: "stash_batch_verifier_period_seconds",
  recovery: "stash_batch_verifier_recovery_seconds",
  limit: "stash_batch_verifier_recovery_limit_seconds",
} as const;

export const RECOVERY_GAUGES: readonly GaugeSpec[] = [
  {
    name: NAME.unproven,
    labelNames: VERIFIER,
    help: "when a drill last proved a recovery point; the verifier's creation while none did",
  },
  {
    name: NAME.period,
    labelNames: VERIFIER,
    help: "longest time between two drills that are due by themselves",
  },
  { name: NAME.recovery, labelNames: VERIFIER, help: "how long the recovery took in the last drill that proved one" },
  { name: NAME.limit, labelNames: VERIFIER, help: "how long a recovery may take, as maxRecoveryTime says" },
];

/** Enough to see the longest distance of a schedule by days of the week. */
const RUNS = 8;

/** @returns undefined where drills are made by hand alone, or not at all */
function drillPeriodMs(
  verifier: BackupVerifier,
  invoker: BackupConfiguration | BackupBatch | undefined,
  nowMs: number,
): number | undefined {
  if (verifier.spec.paused === true) return undefined;
  if (verifier.spec.afterEach === true) return periodMs(invoker?.status?.nextRuns ?? []);
  const schedule = readSchedule(verifier);
  if (schedule === undefined || schedule instanceof UserError) return undefined;
  return periodMs(nextRuns(schedule, nowMs, RUNS).map((time) => new Date(time).toISOString()));
}

function limitSeconds({ spec }: BackupVerifier): number | undefined {
  if (spec.maxRecoveryTime === undefined) return undefined;
  try {
    return parseDuration(spec.maxRecoveryTime, "spec.maxRecoveryTime") / 1_000;
  } catch (error) {
    // What admission did not see is as good as not written.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** @param invoker whose recovery points it restores, where it is there */
export function* recoverySamples(
  verifier: BackupVerifier,
  invoker: BackupConfiguration | BackupBatch | undefined,
  nowMs: number,
): Generator<Sample> {
  const { name, namespace, creationTimestamp } = verifier.metadata;
  const { lastProven } = verifier.status ?? {};
  const period = drillPeriodMs(verifier, invoker, nowMs);
  const values = {
    [NAME.unproven]: timeSeconds(lastProven?.time ?? creationTimestamp),
    [NAME.period]: period === undefined ? undefined : period / 1_000,
    [NAME.recovery]: lastProven?.recoverySeconds,
    [NAME.limit]: limitSeconds(verifier),
  };
  for (const [metric, value] of Object.entries(values)) {
    if (value !== undefined) yield { name: metric, labels: { verifier: name, namespace }, value };
  }
}
