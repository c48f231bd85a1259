/** The first rows of the restore table: what must be there before any data is touched. Pure. */
import { Driver } from "../../shared/contract.ts";
import { formatUserError, UserError } from "../../shared/errors.ts";
import { formatInvoker } from "../../shared/invoker.ts";
import { type CONDITION_REASONS, ConditionType } from "../../shared/reasons.ts";
import { type ConditionStatus, formatTime, withCondition } from "../../shared/status/conditions.ts";
import { chooseRecoveryPoint } from "./recovery-point.ts";
import type { RestoreStatus } from "./restore-status.ts";
import type { Row, Step } from "./step.ts";
import type { MemberStatus, RestoreView } from "./view.ts";

export function isBegun(status: RestoreStatus): boolean {
  return status.startTime !== undefined;
}

export interface RestoreCondition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: keyof typeof CONDITION_REASONS;
  readonly message: string;
}

export function withRestoreCondition(status: RestoreStatus, condition: RestoreCondition, now: Date): RestoreStatus {
  const conditions = withCondition(status.conditions, condition, now);
  return conditions === status.conditions ? status : { ...status, conditions };
}

/** Holds the restore with a condition that says why. */
function hold(status: RestoreStatus, condition: RestoreCondition, now: Date): Step {
  const held = withRestoreCondition(status, condition, now);
  return held === status ? { isEnd: true } : { status: held, isEnd: true };
}

export const repositoryFound: Row = {
  name: "repository",
  next(view, status, now): Step | undefined {
    const { repository, invoker } = view;
    if (isBegun(status) || invoker.driver !== Driver.Restic) return undefined;
    const name = `Repository ${invoker.repository?.namespace ?? ""}/${invoker.repository?.name ?? ""}`;
    if (repository === undefined) {
      return hold(
        status,
        {
          type: ConditionType.RepositoryFound,
          status: "False",
          reason: "RepositoryNotAvailable",
          message: invoker.repository === undefined ? "spec.repository is not set" : `${name} does not exist`,
        },
        now,
      );
    }
    const found = withRestoreCondition(
      status,
      {
        type: ConditionType.RepositoryFound,
        status: "True",
        reason: "RepositoryAvailable",
        message: `${name} exists`,
      },
      now,
    );
    return found === status ? undefined : { status: found };
  },
};

/** An invalid restore is looked at again when something that it depends on changes. */
export const validated: Row = {
  name: "validation",
  next(view, status, now): Step | undefined {
    if (isBegun(status)) return undefined;
    const why = whyInvalid(view);
    if (why !== undefined) {
      const [reason, message] = why;
      const held = hold(status, { type: ConditionType.ValidationPassed, status: "False", reason, message }, now);
      const news = { kind: "EmitEvent", type: "Warning", reason: "Restore Refused", message } as const;
      return held.status === undefined ? held : { ...held, actions: [news] };
    }
    const passed = withRestoreCondition(
      status,
      {
        type: ConditionType.ValidationPassed,
        status: "True",
        reason: "ResourceValidationPassed",
        message: "the restore is valid and allowed",
      },
      now,
    );
    return passed === status ? undefined : { status: passed };
  },
};

function whyInvalid(view: RestoreView): readonly [keyof typeof CONDITION_REASONS, string] | undefined {
  const { invoker, problem } = view;
  if (problem !== undefined) return ["ResourceValidationFailed", problem];
  if (invoker.members.length === 0) {
    return ["ResourceValidationFailed", `${formatInvoker(invoker)} has no members`];
  }
  if (!view.mayUseRepository) {
    const name = `${invoker.repository?.namespace ?? ""}/${invoker.repository?.name ?? ""}`;
    return [
      "ResourceValidationFailed",
      `NOT_ALLOWED: the usagePolicy of Repository ${name} does not allow namespace ${invoker.namespace}`,
    ];
  }
  try {
    chooseRecoveryPoint(invoker, view.sessions);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return ["RecoveryPointMissing", `${error.code}: ${formatUserError(error)}`];
  }
}

function buildMembers(view: RestoreView): readonly MemberStatus[] {
  return view.invoker.members.map(({ ref, alias }) => ({
    ref,
    ...(alias !== undefined && { alias }),
    phase: "Pending",
  }));
}

/** From here on the restore runs. Its recovery point is chosen once and for all. */
export const begin: Row = {
  name: "begins",
  next(view, status, now): Step | undefined {
    if (isBegun(status)) return undefined;
    const { repository, invoker } = view;
    const point = chooseRecoveryPoint(invoker, view.sessions);
    const deadlineMs = invoker.timeOutMs === undefined ? undefined : invoker.createdAtMs + invoker.timeOutMs;
    return {
      status: {
        ...status,
        startTime: formatTime(now),
        ...(deadlineMs !== undefined && { sessionDeadline: formatTime(new Date(deadlineMs)) }),
        ...(repository !== undefined && {
          repository: {
            name: repository.metadata.name,
            namespace: repository.metadata.namespace,
            ...(repository.spec.backend !== undefined && { backend: repository.spec.backend }),
          },
        }),
        ...(point !== undefined && { recoveryPoint: point }),
        targets: buildMembers(view),
      },
    };
  },
};
