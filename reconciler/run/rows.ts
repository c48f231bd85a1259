/** The rows that every kind of run has. Pure. */
import { stepEndedJob } from "../jobs/ended.ts";
import { areTargetsOver, isBegun, isOver, isQuiet } from "./completion.ts";
import { whenDeleted } from "./deleted.ts";
import { type RunFacts, type RunStatus, type RunStep, type RunWords, runTargets } from "./facts.ts";
import { stepGlobalAfter, stepGlobalBefore } from "./global-hooks.ts";
import { stepGiveTurn, stepLostExecutor } from "./host-turns.ts";
import { stepAnswerLocks } from "./locks.ts";
import { stepEndHooks, stepMemberAfter, withHookConditions } from "./member-hooks.ts";
import { stepExplainRestarts } from "./restarts.ts";
import type { Row, RunAction, Step } from "./step.ts";
import type { RunObject, RunView } from "./view.ts";

/** What the rows need to know of the kind. */
export interface RowRules<View, Status extends RunStatus> {
  readonly words: RunWords;
  factsOf(view: View): RunFacts<Status>;
}

function toStep<Status extends RunStatus>(
  step: RunStep<Status> | undefined,
): Step<Status, RunAction<Status>> | undefined {
  if (step === undefined || step.isEnd === true || step.hook === undefined) return step;
  return { status: step.status, actions: [{ kind: "RunHook", run: step.hook }] };
}

export function createRows<View extends RunView<RunObject, Status>, Status extends RunStatus>({
  words,
  factsOf,
}: RowRules<View, Status>) {
  type Shared = Row<View, Status, RunAction<Status>>;
  function row(name: string, next: (...args: Parameters<Shared["next"]>) => RunStep<Status> | undefined): Shared {
    return { name, next: (view, status, now) => toStep(next(view, status, now)) };
  }
  return {
    endHooks: row("hook ended", (view, status, now) => stepEndHooks(factsOf(view), status, now)),
    deleted: {
      name: `${words.run} deleted`,
      next(view, status, now) {
        const given = whenDeleted(factsOf(view), status, now);
        return given && { status: given };
      },
    } satisfies Shared,
    globalBefore: row(`global ${words.before} hook`, (view, status, now) =>
      isBegun(status) ? stepGlobalBefore(factsOf(view), status, now) : undefined,
    ),
    globalAfter: row(`global ${words.after} hook`, (view, status, now) => stepGlobalAfter(factsOf(view), status, now)),
    jobsEnded: row("job ended", (view, status, now) => stepEndedJob(view.jobs, status, now, view.limits.podWaitMs)),
    explainRestarts: row("killed again and again", (view, status) => stepExplainRestarts(factsOf(view), status)),
    lostExecutors: row("executor lost", (view, status, now) => stepLostExecutor(factsOf(view), status, now)),
    answerLocks: row("locks without owner", (view, status) => {
      const answered = stepAnswerLocks(view, status);
      return answered && { status: answered };
    }),
    giveTurns: row("a host's turn", (view, status, now) => stepGiveTurn(factsOf(view), status, now)),
    /** After-hooks come when nothing of the run is tried again. */
    memberAfter: row(`member's ${words.after} hook`, (view, status, now) => {
      const facts = factsOf(view);
      const isTriedAgain = runTargets(status).some((target) => facts.isRetryOpen(status, target));
      return isTriedAgain ? undefined : stepMemberAfter(facts, status, now);
    }),
    concludeTargets: row("target is over", (view, status, now) => concludeTargets(factsOf(view), status, now)),
    wait: row("wait for targets", (_view, status) =>
      isBegun(status) && !areTargetsOver(status) ? { isEnd: true } : undefined,
    ),
  };
}

/** Records what hooks came to, and what the kind adds, as conditions of the targets; their phases follow. */
function concludeTargets<Status extends RunStatus>(
  facts: RunFacts<Status>,
  status: Status,
  now: Date,
): RunStep<Status> | undefined {
  const before = runTargets(status);
  const targets = before.map((target) => {
    if (isOver(target) || !isQuiet(facts, target) || facts.isRetryOpen(status, target)) return target;
    return facts.concluded(withHookConditions(facts, target, now), now);
  });
  return targets.some((target, index) => target !== before[index]) ? { status: { ...status, targets } } : undefined;
}
