/**
 * What is to be done for a BackupSession now. Reads no clock and writes nothing.
 *
 * | # | row | when | then |
 * |---|---|---|---|
 * | 1 | retry | final | make the session that tries again when its time has come; else nothing |
 * | 2 | awaitInvoker | not begun, the invoker was not judged yet | wait, 30 s at most |
 * | 3 | skip | not begun, and must not run | Skipped, with the reason |
 * | 4 | begin | not begun | deadline, repository, one entry a target |
 * | 5 | endHooks | a hook that was recorded as started has ended | record how |
 * | 6 | repositoryResults | an agent reports about the repository | conditions |
 * | 7 | beganTooEarly | a host began at once, and the repository that was known is gone | its turn again, after the look |
 * | 8 | deadline | passed while work is left | everything open fails |
 * | 9 | cancelled | `spec.cancel` is set while work is left | everything open fails |
 * | 10 | invokerGone | while work is left | everything open fails |
 * | 11 | repositoryChanged | its backend is another than at the begin | what does not run yet fails |
 * | 12 | deleted | the session is deleted, and held for what it owes | everything open fails |
 * | 13 | globalBefore | there is one | run it, wait for it; its failure fails every target |
 * | 14 | repositoryRefused | it can't be opened | what has not started fails |
 * | 15 | jobsEnded | a host's job ended, and the host did not | it fails with the job's reason |
 * | 16 | explainRestarts | an agent was given up because it began again and again | the kubelet's word for why |
 * | 17 | lostExecutors | a host's pod is gone or its agent silent | another pod, once; then ExecutorLost |
 * | 18 | passInitOn | nobody is opening the repository | the next host does |
 * | 19 | answerLocks | locks whose owner is gone | tell the agent which |
 * | 20 | startMembers | a member's turn has come | its hosts; or held, or refused |
 * | 21 | giveTurns | a host waits | before-hook, then its pod |
 * | 22 | memberAfter | a host ended | after-hook |
 * | 23 | concludeTargets | nothing of a target runs | conditions; its phase follows |
 * | 24 | wait | a target is not over | wait |
 * | 25 | maintenance | all targets are over | one host keeps the repository in order |
 * | 26 | globalAfter | there is one | run it by its policy, wait for it |
 * | 27 | history | | old sessions go |
 * | 28 | finish | | final |
 */
import { Label, TARGET_LABEL_PREFIX } from "../../shared/contract.ts";
import { backupSessionLabels } from "../../shared/invoker/build-backup-session.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { decideRun, type RunTable } from "../run/decide.ts";
import { createRows } from "../run/rows.ts";
import type { Decision } from "../run/step.ts";
import { beganTooEarly } from "./early-hosts.ts";
import { BACKUP_WORDS, runFacts } from "./facts.ts";
import { finish, history, retry } from "./finish.ts";
import { cancelled, deadline, invokerGone, repositoryChanged, repositoryRefused } from "./interruptions.ts";
import { maintenance } from "./maintenance.ts";
import { dueJobs, startMembers } from "./members.ts";
import { passInitOn, repositoryResults } from "./repository-results.ts";
import { awaitInvoker, begin, skip } from "./start.ts";
import type { Action, OwnAction } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

function isNeeded(key: string): boolean {
  return key === Label.InvokerType || key === Label.InvokerName || key.startsWith(TARGET_LABEL_PREFIX);
}

/** Labels that a session must carry so that its agents and its history find it; undefined when it carries them all. */
function missingLabels(view: SessionView): Readonly<Record<string, string>> | undefined {
  const { object, invoker, status } = view;
  if (invoker === undefined || isFinalSessionPhase(status.phase)) return undefined;
  const present = object.metadata.labels ?? {};
  const missing = Object.entries(backupSessionLabels(invoker.view)).filter(
    ([key, value]) => isNeeded(key) && present[key] !== value,
  );
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}

/**
 * Longest time between two looks at a session that runs: waits and silences end without an event, and a clock that jumps
 * makes a timer wrong by as much.
 */
const LOOK_EVERY_MS = 10_000;
/** What opens the repository may be a session of another namespace, whose news wake nobody here. */
const LOOK_AT_OPENING_MS = 1_000;
/** Longest sleep before a retry, for the same reason. */
const RETRY_LOOK_EVERY_MS = 60_000;

function nextCheckMs(view: SessionView, status: SessionStatus, now: Date): number | undefined {
  if (isFinalSessionPhase(status.phase)) {
    const isWaiting = status.phase === "Failed" && status.nextRetry !== undefined && status.retried !== true;
    if (!isWaiting || view.invoker === undefined) return undefined;
    return clamp(Date.parse(status.nextRetry ?? "") - now.getTime(), RETRY_LOOK_EVERY_MS);
  }
  const deadlineMs = Date.parse(status.sessionDeadline ?? "");
  const untilDeadlineMs = Number.isNaN(deadlineMs) ? LOOK_EVERY_MS : deadlineMs - now.getTime();
  const mostMs = view.opening === "waits" ? LOOK_AT_OPENING_MS : LOOK_EVERY_MS;
  return clamp(untilDeadlineMs > 0 ? untilDeadlineMs : mostMs, mostMs);
}

function clamp(waitMs: number, maxMs: number): number {
  return Math.min(Math.max(waitMs, 50), maxMs);
}

const shared = createRows<SessionView, SessionStatus>({ words: BACKUP_WORDS, factsOf: runFacts });

const TABLE: RunTable<SessionView, SessionStatus, OwnAction> = {
  rows: [
    retry,
    awaitInvoker,
    skip,
    begin,
    shared.endHooks,
    repositoryResults,
    beganTooEarly,
    deadline,
    cancelled,
    invokerGone,
    repositoryChanged,
    shared.deleted,
    shared.globalBefore,
    repositoryRefused,
    shared.jobsEnded,
    shared.explainRestarts,
    shared.lostExecutors,
    passInitOn,
    shared.answerLocks,
    startMembers,
    shared.giveTurns,
    shared.memberAfter,
    shared.concludeTargets,
    shared.wait,
    maintenance,
    shared.globalAfter,
    history,
    finish,
  ],
  wait: shared.wait,
  factsOf: runFacts,
  always(view) {
    const labels = missingLabels(view);
    return labels === undefined ? [] : [{ kind: "AddLabels", labels }];
  },
  due: dueJobs,
  explained: (_view, status) => status,
  lookAgainMs: nextCheckMs,
};

/**
 * @param now current time
 * @throws UserError INTERNAL when the table does not come to an end
 */
export function decideSession(view: SessionView, now: Date): Decision<Action> {
  return decideRun(TABLE, view, now);
}
