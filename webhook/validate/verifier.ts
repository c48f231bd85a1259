/** BackupVerifier and BackupVerificationSession. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import type { VerificationQuery } from "../../shared/api/verification.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { readQuantity } from "../../shared/quantity.ts";
import { findEnvFaults } from "../../shared/validation/env.ts";
import { type Finding, fault } from "../../shared/validation/finding.ts";
import { findContainerFaults } from "../../shared/validation/runtime-settings.ts";
import { findCronFaults, findDurationFaults, findNegatives } from "./backup-invoker.ts";

/** Validates a verifier by what it says itself. */
export function findVerifierFindings({ spec }: BackupVerifier): readonly Finding[] {
  return [
    ...findCronFaults(spec),
    ...findDurationFaults({
      "spec.timeOut": spec.timeOut,
      "spec.maxRecoveryTime": spec.maxRecoveryTime,
      "spec.retryConfig.delay": spec.retryConfig?.delay,
    }),
    ...findNegatives({
      "spec.sessionHistoryLimit": spec.sessionHistoryLimit,
      "spec.retryConfig.maxRetry": spec.retryConfig?.maxRetry,
    }),
    ...findContainerFaults(spec, "spec."),
    ...findWhenFaults(spec),
    ...findPointFaults(spec),
    ...findTypeFaults(spec),
    ...findServerFaults(spec),
    ...findSampleFaults(spec),
  ];
}

type Spec = BackupVerifier["spec"];

function findWhenFaults({ schedule, afterEach }: Spec): readonly Finding[] {
  if (!schedule || afterEach !== true) return [];
  return [fault("spec.afterEach", "is true beside spec.schedule", "Keep one of them, or neither for drills by hand.")];
}

function findPointFaults({ point, afterEach }: Spec): readonly Finding[] {
  const { which = "Newest", session } = point ?? {};
  if (which === "Named" && !session) {
    return [fault("spec.point.session", "is missing", "Name the BackupSession that made the recovery point.")];
  }
  if (which !== "Named" && session) {
    return [fault("spec.point.session", `is given, and spec.point.which is ${which}`, "Write which: Named.")];
  }
  if (which === "Newest" || afterEach !== true) return [];
  return [fault("spec.point.which", `is ${which} beside spec.afterEach`, "Leave it out: each new point is restored.")];
}

/** Nobody is to believe that something was asked which the type leaves out. */
function findTypeFaults({ type = "RestoreOnly", queries = [], script }: Spec): readonly Finding[] {
  return [
    ...(type === "Query" && queries.length === 0
      ? [fault("spec.queries", "are missing", "Write statements with what they must answer, or type: RestoreOnly.")]
      : []),
    ...(type !== "Query" && queries.length > 0
      ? [fault("spec.queries", `are given, and spec.type is ${type}`, "Write type: Query.")]
      : []),
    ...queries.flatMap((query, index) => findQueryFaults(query, `spec.queries[${index}]`)),
    ...(type === "Script" && script === undefined
      ? [fault("spec.script", "is missing", "Name the image that looks at what was restored.")]
      : []),
    ...(type !== "Script" && script !== undefined
      ? [fault("spec.script", `is given, and spec.type is ${type}`, "Write type: Script.")]
      : []),
    ...(script?.image === "" ? [fault("spec.script.image", "is empty", "Name an image.")] : []),
    ...(script?.env ?? []).flatMap((variable, index) => findEnvFaults(variable, `spec.script.env[${index}]`)),
  ];
}

/** As the agent reads the limits of answers. */
function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

function findQueryFaults({ member, statement, expect }: VerificationQuery, field: string): readonly Finding[] {
  const limits = [["min", expect.min] as const, ["max", expect.max] as const];
  const isOpen = Object.values(expect).every((limit) => limit === undefined);
  return [
    ...(member === "" ? [fault(`${field}.member`, "is empty", "Write the alias of a database.")] : []),
    ...(statement.trim() === "" ? [fault(`${field}.statement`, "is empty", "Write one statement.")] : []),
    ...(isOpen ? [fault(`${field}.expect`, "says nothing", "Write equals, min or max: any answer would do.")] : []),
    ...limits.flatMap(([name, limit]) =>
      limit === undefined || isNumber(limit)
        ? []
        : [fault(`${field}.expect.${name}`, `${JSON.stringify(limit)} is no number`, "Write a number, or use equals.")],
    ),
    ...(expect.equals !== undefined && limits.some(([, limit]) => limit !== undefined)
      ? [fault(`${field}.expect`, "has equals beside min or max", "Keep one of them.")]
      : []),
  ];
}

function findServerFaults({ servers = [] }: Spec): readonly Finding[] {
  return servers.flatMap(({ member, image }, index) => {
    const field = `spec.servers[${index}]`;
    const isSecond = servers.findIndex((other) => other.member === member) < index;
    return [
      ...(member === "" ? [fault(`${field}.member`, "is empty", "Write the alias of a database.")] : []),
      ...(image === "" ? [fault(`${field}.image`, "is empty", "Name an image.")] : []),
      ...(isSecond ? [fault(`${field}.member`, `${member} has an image already`, "Keep one of them.")] : []),
    ];
  });
}

const PERCENT = /^(\d{1,3})(\.\d{1,4})?%$/;

function findSampleFaults({ sample, storage }: Spec): readonly Finding[] {
  const share = sample === undefined ? 100 : PERCENT.test(sample) ? Number(sample.slice(0, -1)) : Number.NaN;
  const limit = storage?.sizeLimit;
  const bytes = limit === undefined ? 1 : readQuantity(limit);
  return [
    ...(share > 0 && share <= 100
      ? []
      : [fault("spec.sample", `${JSON.stringify(sample)} is no share`, "Write a percentage above 0, such as 2%.")]),
    ...(bytes !== undefined && bytes > 0
      ? []
      : [fault("spec.storage.sizeLimit", `${limit} is no size`, "Write a quantity such as 20Gi.")]),
  ];
}

/** A drill is of one verifier and one point from its begin to its end. */
export function findDrillFindings(
  { spec }: BackupVerificationSession,
  old: BackupVerificationSession | undefined,
): readonly Finding[] {
  const negatives = findNegatives({ "spec.retryLeft": spec.retryLeft });
  if (old === undefined) return negatives;
  const fixed = ({ cancel: _, ...rest }: BackupVerificationSession["spec"]) => canonicalJson(rest);
  if (fixed(spec) !== fixed(old.spec)) {
    return [fault("spec", "of a drill can't change, but for cancel", "Create another BackupVerificationSession.")];
  }
  if (old.spec.cancel === true && spec.cancel !== true) {
    return [fault("spec.cancel", "can't be taken back", "Create another BackupVerificationSession.")];
  }
  return negatives;
}
