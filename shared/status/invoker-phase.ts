/** Phase of a BackupConfiguration or BackupBatch, computed from its conditions. */
import { Driver } from "../contract.ts";
import { ConditionType } from "../reasons.ts";
import { type ConditionFact, isConditionFalse, isConditionNotTrue, isConditionTrue } from "./conditions.ts";

export type InvokerPhase = "Invalid" | "Ready" | "NotReady";

export interface InvokerPhaseView {
  readonly driver: string;
  readonly conditions: readonly ConditionFact[];
}

const PHASE_RULES: readonly (readonly [InvokerPhase, (view: InvokerPhaseView) => boolean])[] = [
  ["NotReady", ({ conditions }) => isConditionNotTrue(conditions, ConditionType.RepositoryFound)],
  ["NotReady", ({ conditions }) => isConditionNotTrue(conditions, ConditionType.BackendSecretFound)],
  ["Invalid", ({ conditions }) => isConditionFalse(conditions, ConditionType.ValidationPassed)],
  [
    "Ready",
    ({ driver, conditions }) =>
      isConditionTrue(conditions, ConditionType.ValidationPassed) &&
      isConditionTrue(conditions, ConditionType.CronJobCreated) &&
      (driver !== Driver.Restic ||
        (isConditionTrue(conditions, ConditionType.RepositoryFound) &&
          isConditionTrue(conditions, ConditionType.BackendSecretFound))),
  ],
  ["NotReady", () => true],
];

/** @see reference table 3.2: first rule that matches */
export function invokerPhase(view: InvokerPhaseView): InvokerPhase {
  return PHASE_RULES.find(([, matches]) => matches(view))?.[0] ?? "NotReady";
}
