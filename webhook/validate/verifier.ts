/** BackupVerifier and BackupVerificationSession. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
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

/** Databases are not restored by drills: nothing that asks one is taken, so that nobody believes it was asked. */
function findTypeFaults({ type, queries, script, servers }: Spec): readonly Finding[] {
  const files = "Drills restore files: use RestoreOnly or Script.";
  return [
    ...(type === "Query" ? [fault("spec.type", "is Query, and drills restore no databases yet", files)] : []),
    ...((queries ?? []).length > 0 ? [fault("spec.queries", "are for databases", files)] : []),
    ...((servers ?? []).length > 0 ? [fault("spec.servers", "are for databases", files)] : []),
    ...(type === "Script" && script === undefined
      ? [fault("spec.script", "is missing", "Name the image that looks at what was restored.")]
      : []),
    ...(type !== "Script" && script !== undefined
      ? [fault("spec.script", `is given, and spec.type is ${type ?? "RestoreOnly"}`, "Write type: Script.")]
      : []),
    ...(script?.image === "" ? [fault("spec.script.image", "is empty", "Name an image.")] : []),
    ...(script?.env ?? []).flatMap((variable, index) => findEnvFaults(variable, `spec.script.env[${index}]`)),
  ];
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
