/** Why a restore waits or failed, in one line at the top of its status. Pure. */
import { ConditionType, type HoldReason } from "../../shared/reasons.ts";
import { findCondition, isConditionFalse, isConditionTrue } from "../../shared/status/conditions.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { isAssigned, withExplanation, withoutExplanation } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { waitOf } from "../run/host-turns.ts";
import { targetFailure } from "../run/outcome.ts";
import { targetRef } from "../run/view.ts";
import { RESTORE_WORDS, runFacts } from "./facts.ts";
import type { RestoreStatus } from "./status.ts";
import type { HeldPod, MemberStatus, RestoreView } from "./view.ts";

export const RECOVERY_POINT_WANTED: HoldReason = "RecoveryPointWanted";

interface Explanation {
  readonly reason: string;
  readonly message: string;
}

/** Conditions of the restore itself that say what is wrong, the most telling first. */
const BAD_SIGNS: readonly (readonly [ConditionType, "True" | "False"])[] = [
  [ConditionType.DeadlineExceeded, "True"],
  [ConditionType.ValidationPassed, "False"],
  [ConditionType.RepositoryFound, "False"],
  [ConditionType.GlobalPreRestoreHookSucceeded, "False"],
];

function ofConditions({ conditions }: RestoreStatus): Explanation | undefined {
  for (const [type, bad] of BAD_SIGNS) {
    const isBad = bad === "True" ? isConditionTrue(conditions, type) : isConditionFalse(conditions, type);
    const found = isBad ? findCondition(conditions, type) : undefined;
    if (found !== undefined) return { reason: found.reason ?? type, message: found.message ?? "" };
  }
  return undefined;
}

/** A member whose host failed is told before the members that wait, for often they wait because of it. */
function ofFailure(name: string, target: MemberStatus): Explanation | undefined {
  const failure = targetFailure(RESTORE_WORDS, target);
  if (failure === undefined) return undefined;
  const host = runHosts(target).find(({ phase }) => phase === "Failed" || phase === "Unknown");
  const reason = host?.reason ?? target.reason ?? "HOOK_FAILED";
  return { reason, message: `${name}: ${failure}` };
}

/** What a member waits for, in words. */
function ofWait(
  view: RestoreView,
  name: string,
  target: MemberStatus,
  held: readonly HeldPod[],
): Explanation | undefined {
  if (target.phase === "Succeeded") return undefined;
  if (target.reason !== undefined) return { reason: target.reason, message: `${name}: ${target.message ?? ""}` };
  const host = runHosts(target).find((one) => one.phase === "Pending" && !isAssigned(one));
  if (host === undefined) return undefined;
  const reason: HoldReason = "PodNotReady";
  const [other] = held;
  if (other !== undefined) {
    const why = `pod ${other.pod} still waits for ${other.waitsFor.replace("/", " ")}`;
    return { reason, message: `${name}: ${why}, and a StatefulSet replaces no pod that is not ready: delete the pod` };
  }
  const why = waitOf(runFacts(view), target, host);
  const wait = `${name}: host ${host.hostname} waits for a pod whose init-container runs`;
  return { reason, message: why === undefined ? wait : `${wait}: ${why}` };
}

/**
 * First row that matches:
 *
 * | # | facts | told |
 * |---|---|---|
 * | 1 | succeeded | nothing |
 * | 2 | deadline passed, not valid, no Repository, global preRestore hook failed | that condition |
 * | 3 | a recovery point is looked for | that, as the row that began it said |
 * | 4 | a member failed | its first failure |
 * | 5 | the global postRestore hook failed | that condition |
 * | 6 | a member or host waits | what it waits for |
 */
function explain(view: RestoreView, status: RestoreStatus): Explanation | undefined {
  if (status.phase === "Succeeded") return undefined;
  const bad = ofConditions(status);
  if (bad !== undefined) return bad;
  if (status.startTime === undefined && status.reason === RECOVERY_POINT_WANTED) {
    return { reason: status.reason, message: status.message ?? "" };
  }
  const members = runTargets(status).map(
    (target) => [target.alias ?? formatTarget(targetRef(view, target)), target] as const,
  );
  const first = (tell: (name: string, target: MemberStatus) => Explanation | undefined) =>
    members.map(([name, target]) => tell(name, target)).find((told) => told !== undefined);
  const failure = first(ofFailure);
  if (failure !== undefined) return failure;
  const after = findCondition(status.conditions, ConditionType.GlobalPostRestoreHookSucceeded);
  if (after?.status === "False") return { reason: after.reason ?? after.type, message: after.message ?? "" };
  return first((name, target) =>
    ofWait(view, name, target, view.heldElsewhere.get(targetKey(targetRef(view, target))) ?? []),
  );
}

/** Puts into words why the restore waits or failed, and takes them back when it goes on. */
export function withReason(view: RestoreView, status: RestoreStatus): RestoreStatus {
  const told = explain(view, status);
  return told === undefined ? withoutExplanation(status) : withExplanation(status, told.reason, told.message);
}
