/** Conditions: reading and setting them without writing twice the same. */
import type { ConditionType } from "../reasons.ts";
import { formatTime } from "../timestamps.ts";

export type ConditionStatus = "True" | "False" | "Unknown";

/** The fields of a condition that we read and write. */
export interface ConditionFact {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
}

export interface NewCondition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

type Conditions = readonly ConditionFact[] | undefined;

/** The condition of a type, if it was ever set. */
export function findCondition(conditions: Conditions, type: ConditionType): ConditionFact | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function hasCondition(conditions: Conditions, type: ConditionType): boolean {
  return findCondition(conditions, type) !== undefined;
}

export function isConditionTrue(conditions: Conditions, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === "True";
}

export function isConditionFalse(conditions: Conditions, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === "False";
}

/** False or Unknown: the fact is not established. Absent is not meant. */
export function isConditionNotTrue(conditions: Conditions, type: ConditionType): boolean {
  const status = findCondition(conditions, type)?.status;
  return status === "False" || status === "Unknown";
}

/**
 * Conditions with one set. Unchanged when type, status, reason and message are the same, so that callers can compare by
 * identity; `lastTransitionTime` moves only when the status does.
 *
 * @param now current time, RFC 3339 with seconds
 */
export function withCondition(conditions: Conditions, next: NewCondition, now: Date): readonly ConditionFact[] {
  const present = conditions ?? [];
  const old = findCondition(present, next.type);
  if (
    old !== undefined &&
    old.status === next.status &&
    old.reason === next.reason &&
    old.message === next.message &&
    old.observedGeneration === next.observedGeneration
  ) {
    return present;
  }
  const lastTransitionTime = old?.status === next.status ? old.lastTransitionTime : formatTime(now);
  const fresh: ConditionFact = { ...next, lastTransitionTime };
  return old === undefined ? [...present, fresh] : present.map((item) => (item === old ? fresh : item));
}
