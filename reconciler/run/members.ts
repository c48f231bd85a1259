/** Brings members to their turn: order, what stands against it, the wait for what does the work. Pure. */
import { Driver } from "../../shared/contract.ts";
import { assertNever, type ErrorCode, formatUserError } from "../../shared/errors.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import { whyOutside } from "../authority.ts";
import { decideJobStart, type JobProblem, type TargetJob } from "../jobs/of-target.ts";
import { withRefusal } from "./abort.ts";
import { isBegun, isOver, isRefused, isStarted } from "./completion.ts";
import { type EntryCondition, type TargetEntry, withEntryCondition, withExplanation } from "./entries.ts";
import { type RunFacts, type RunStatus, type RunWords, runHosts, runTargets } from "./facts.ts";
import { whyTooMany } from "./hosts.ts";
import { type MemberState, type MemberTurns, memberTurns, type Turn } from "./order.ts";
import type { Row } from "./step.ts";
import type { RunObject, RunView } from "./view.ts";
import { workloadOf } from "./world.ts";

/** What became of a member at its turn, and what is to be done for it. */
export interface MemberAnswer<Own> {
  readonly target: TargetEntry;
  readonly actions?: readonly Own[];
}

export interface MemberOrder {
  readonly executionOrder: string;
  /** Why a failure keeps others from starting; undefined when it does not. */
  readonly failFast: string | undefined;
  readonly driver: string;
}

export interface MemberRules<View, Status extends RunStatus, Own> {
  factsOf(view: View): RunFacts<Status>;
  orderOf(view: View): MemberOrder;
  /** Why the member can't run, besides what holds for every kind. */
  obstacle(view: View, target: TargetEntry): Turn | undefined;
  /** Its turn has come. */
  start(view: View, target: TargetEntry, index: number, now: Date): MemberAnswer<Own>;
}

function stateOf(target: TargetEntry): MemberState {
  if (target.phase === "Succeeded") return "Succeeded";
  if (isOver(target)) return "Failed";
  return isStarted(target) ? "Running" : "Pending";
}

/** What a member waits for besides other members, or why it can't run here. */
function obstacleTo<View extends RunView<RunObject, Status>, Status extends RunStatus, Own>(
  rules: MemberRules<View, Status, Own>,
  view: View,
  target: TargetEntry,
): Turn | undefined {
  const { words, namespace, memberOf, refOf, workloads } = rules.factsOf(view);
  const member = memberOf(target);
  const ref = refOf(target);
  if (member === undefined) {
    const message = `${formatTarget(ref)} was removed from the ${words.invoker}`;
    return { kind: "refuse", code: "INVALID_OBJECT", message };
  }
  const outside = whyOutside(namespace, member.view);
  if (outside !== undefined) return { kind: "refuse", code: outside.code, message: formatUserError(outside) };
  const own = rules.obstacle(view, target);
  if (own !== undefined) return own;
  const { driver } = rules.orderOf(view);
  if (driver !== Driver.Restic) {
    const message = `${formatTarget(ref)}: driver ${driver} is not served, only ${Driver.Restic}`;
    return { kind: "refuse", code: "TARGET_INVALID", message };
  }
  const workload = workloadOf(workloads, targetKey(ref), target.alias);
  const tooMany = workload && whyTooMany(workload);
  if (tooMany !== undefined) return { kind: "refuse", code: "TOO_MANY_HOSTS", message: tooMany };
  const other = view.busyTargets.get(targetKey(ref));
  return other === undefined
    ? undefined
    : { kind: "hold", reason: "OtherSessionRunning", message: `waits for ${other}` };
}

/** Of a run in all: of more no status could tell. */
const MOST_HOSTS = 20_000;

/** The row that brings members to their turn, and what those whose turn it is wait to be done. */
export function createMemberRows<View extends RunView<RunObject, Status>, Status extends RunStatus, Own>(
  rules: MemberRules<View, Status, Own>,
) {
  function turnsOf(view: View, status: Status): MemberTurns {
    const { memberOf, refOf } = rules.factsOf(view);
    const members = runTargets(status).map((target) => ({
      names: [target.alias ?? refOf(target).name],
      dependsOn: memberOf(target)?.view.dependsOn ?? [],
      state: stateOf(target),
    }));
    return memberTurns({ ...rules.orderOf(view), members });
  }

  function advance(view: View, turns: MemberTurns, index: number, target: TargetEntry, now: Date): MemberAnswer<Own> {
    const { words } = rules.factsOf(view);
    const turn = turns.of(index);
    const answer = turn.kind === "start" ? (obstacleTo(rules, view, target) ?? turn) : turn;
    switch (answer.kind) {
      case "refuse":
        return { target: withRefusal(words, target, answer.code, answer.message, now) };
      case "hold":
        return { target: withExplanation(target, answer.reason, answer.message) };
      case "start":
        return rules.start(view, target, index, now);
      default:
        return assertNever(answer);
    }
  }

  function withTooMany(words: RunWords, target: TargetEntry, more: number, now: Date): TargetEntry {
    const message = `with the ${more} hosts of this member there would be more than ${MOST_HOSTS}`;
    return withRefusal(words, target, "TOO_MANY_HOSTS", message, now);
  }

  function isWaiting(words: RunWords, target: TargetEntry): boolean {
    return !isStarted(target) && !isRefused(words, target);
  }

  const startMembers: Row<View, Status, never> = {
    name: "a member's turn",
    next(view, status, now) {
      if (!isBegun(status)) return undefined;
      const { words } = rules.factsOf(view);
      const before = runTargets(status);
      if (!before.some((target) => isWaiting(words, target))) return undefined;
      const turns = turnsOf(view, status);
      const targets: TargetEntry[] = [...before];
      const queue = [...before.keys()];
      let hosts = before.reduce((sum, target) => sum + runHosts(target).length, 0);
      for (const index of queue) {
        const target = targets[index];
        if (target === undefined || !isWaiting(words, target)) continue;
        const answer = advance(view, turns, index, target, now).target;
        const more = runHosts(answer).length - runHosts(target).length;
        const next = hosts + more > MOST_HOSTS ? withTooMany(words, target, more, now) : answer;
        hosts += runHosts(next).length - runHosts(target).length;
        targets[index] = next;
        // Members that were looked at before may be refused by it; those that come later see it anyway.
        if (isRefused(words, next)) queue.push(...turns.fail(index).filter((other) => other < index));
      }
      return targets.some((target, index) => target !== before[index]) ? { status: { ...status, targets } } : undefined;
    },
  };

  function dueActions(view: View, status: Status, now: Date): readonly Own[] {
    if (!isBegun(status)) return [];
    const { words } = rules.factsOf(view);
    const turns = turnsOf(view, status);
    return runTargets(status).flatMap((target, index) =>
      isWaiting(words, target) ? (advance(view, turns, index, target, now).actions ?? []) : [],
    );
  }

  return { startMembers, dueActions };
}

/** How a wait is told, and when and how it ends. */
export interface Hold {
  readonly condition: EntryCondition;
  readonly reason: string;
  readonly message: string;
  /** Of the refusal after that long. */
  readonly code: ErrorCode;
  readonly limitMs: number;
}

/** Since when the target has had the condition as it is now to be set; undefined when it has not. */
export function heldSince(
  { conditions }: Pick<TargetEntry, "conditions">,
  { type, status }: Pick<EntryCondition, "type" | "status">,
) {
  const present = findCondition(conditions, type);
  return present?.status === status ? present.lastTransitionTime : undefined;
}

/** Holds the target with a condition; when it has been held for too long, gives it up. */
export function withHold(words: RunWords, target: TargetEntry, hold: Hold, now: Date): TargetEntry {
  const { condition, code, limitMs, reason, message } = hold;
  const since = heldSince(target, condition);
  if (since !== undefined && now.getTime() - Date.parse(since) >= limitMs) {
    return withRefusal(words, target, code, message, now);
  }
  return withExplanation(withEntryCondition(target, condition, now), reason, message);
}

/** What a kind of run makes of the jobs of a member whose turn it is. */
export interface JobMember<Own> {
  readonly make: Own;
  hold(code: ErrorCode, message: string): TargetEntry;
  started(hostnames: readonly string[]): TargetEntry;
}

const BEING_MADE: JobProblem = { code: "EXECUTOR_LOST", message: "its job is being made" };

/** A member's turn where jobs do the work. */
export function startByJobs<Own>(
  words: RunWords,
  target: TargetEntry,
  job: TargetJob,
  { make, hold, started }: JobMember<Own>,
  now: Date,
): MemberAnswer<Own> {
  const start = decideJobStart(job);
  switch (start.kind) {
    case "refuse":
      return { target: withRefusal(words, target, start.code, start.message, now) };
    case "hold": {
      const held = hold(start.code, start.message);
      // The claim may be gone that its pod was made for.
      const isToAsk = start.code === "UNSCHEDULABLE" && !isRefused(words, held);
      return isToAsk ? { target: held, actions: [make] } : { target: held };
    }
    case "make": {
      const { code, message } = start.problem ?? BEING_MADE;
      const held = hold(code, message);
      return isRefused(words, held) ? { target: held } : { target: held, actions: [make] };
    }
    case "hosts":
      return { target: started(start.hostnames) };
    default:
      return assertNever(start);
  }
}
