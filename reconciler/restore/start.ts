/** The first rows of the restore table: what must be there before any data is touched. Pure. */
import { Driver } from "../../shared/contract.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { formatInvoker } from "../../shared/invoker/object.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { isBegun } from "../run/completion.ts";
import { type EntryCondition, withEntryCondition, withExplanation, withoutExplanation } from "../run/entries.ts";
import { heldSince } from "../run/members.ts";
import { withPlan } from "./dry-run.ts";
import { RECOVERY_POINT_WANTED } from "./explain.ts";
import { deadlineMs } from "./finish.ts";
import { decidePoint } from "./point-search.ts";
import type { RestoreStatus } from "./status.ts";
import type { Row, Step } from "./step.ts";
import type { MemberStatus, RestoreView } from "./view.ts";

/** Holds the restore with a condition that says why. */
function hold(status: RestoreStatus, condition: EntryCondition, now: Date): Step {
  const held = withEntryCondition(status, condition, now);
  return held === status ? { isEnd: true } : { status: held, isEnd: true };
}

export const repositoryFound: Row = {
  name: "repository",
  next(view, status, now): Step | undefined {
    const { repository, invoker } = view;
    if (isBegun(status) || invoker.driver !== Driver.Restic) return undefined;
    const name = `Repository ${invoker.repository?.namespace ?? ""}/${invoker.repository?.name ?? ""}`;
    if (repository === undefined) {
      const missing = {
        type: ConditionType.RepositoryFound,
        status: "False",
        reason: "RepositoryNotAvailable",
        message: invoker.repository === undefined ? "spec.repository is not set" : `${name} does not exist`,
      } as const;
      const since = Date.parse(heldSince(status, missing) ?? "");
      const isPatienceOver = now.getTime() - since >= view.limits.podWaitMs;
      return isPatienceOver
        ? refuse(status, "RepositoryNotAvailable", missing.message, now)
        : hold(status, missing, now);
    }
    const found = withEntryCondition(
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
    if (why !== undefined) return refuse(status, "ResourceValidationFailed", why, now);
    const point = decidePoint(view, now);
    if (point.kind === "refused" || point.kind === "wait") {
      const { pointSearch: _, ...rest } = status;
      const kept = withRepository(view, point.isOutdated ? rest : status);
      const step =
        point.kind === "refused"
          ? refuse(kept, "RecoveryPointMissing", point.message, now)
          : { status: withExplanation(kept, RECOVERY_POINT_WANTED, point.message) };
      return { ...step, actions: [...(step.actions ?? []), ...point.actions], isEnd: true };
    }
    const passed = withEntryCondition(
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

function refuse(
  status: RestoreStatus,
  reason: "ResourceValidationFailed" | "RecoveryPointMissing" | "RepositoryNotAvailable",
  message: string,
  now: Date,
): Step {
  const held = hold(status, { type: ConditionType.ValidationPassed, status: "False", reason, message }, now);
  const news = { kind: "EmitEvent", type: "Warning", reason: "Restore Refused", message } as const;
  return held.status === undefined ? { ...held, status } : { ...held, actions: [news] };
}

function whyInvalid(view: RestoreView): string | undefined {
  const { invoker, problem } = view;
  if (problem !== undefined) return problem;
  if (invoker.members.length === 0) return `${formatInvoker(invoker)} has no members`;
  if (view.mayUseRepository) return undefined;
  const name = `${invoker.repository?.namespace ?? ""}/${invoker.repository?.name ?? ""}`;
  return `NOT_ALLOWED: the usagePolicy of Repository ${name} does not allow namespace ${invoker.namespace}`;
}

/** With the Repository as it is now: agents read the backend there. */
function withRepository({ repository }: RestoreView, status: RestoreStatus): RestoreStatus {
  if (repository === undefined) return status;
  const { name, namespace } = repository.metadata;
  const { backend } = repository.spec;
  const resolved = { name, namespace, ...(backend !== undefined && { backend }) };
  const isSame = canonicalJson(status.repository ?? null) === canonicalJson(resolved);
  return isSame ? status : { ...status, repository: resolved };
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
    const point = decidePoint(view, now);
    if (point.kind === "refused" || point.kind === "wait") return undefined;
    const { pointSearch: _, ...rest } = withRepository(view, status);
    const startTime = formatTime(now);
    const endMs = deadlineMs(view, startTime);
    const begun = {
      ...withoutExplanation(rest),
      startTime,
      ...(endMs !== undefined && { sessionDeadline: formatTime(new Date(endMs)) }),
      ...(point.kind === "chosen" && { recoveryPoint: point.point }),
      targets: buildMembers(view),
    };
    return { status: view.invoker.isDryRun ? withPlan(view, begun, now) : begun };
  },
};
