/**
 * `Ready`, `Reconciling` and `Stalled`: what every kind says of itself in the words that kubectl, Flux, Argo CD and Helm know.
 * Derived from the recorded facts alone, in one place for all kinds.
 *
 * | what is recorded | Ready | Reconciling | Stalled | kstatus |
 * |---|---|---|---|---|
 * | it is as it should be, or ended well | True | False | False | Current |
 * | something is under way, or is waited for | False | True | False | InProgress |
 * | it ended badly, or somebody must change something | False | False | True | Failed |
 */
import { type ConditionReason, ConditionType } from "../reasons.ts";
import { type ConditionFact, findCondition, withCondition } from "./conditions.ts";
import type { InvokerPhase } from "./invoker-phase.ts";

export interface Readiness {
  readonly state: "Ready" | "Reconciling" | "Stalled";
  readonly reason: string;
  readonly message: string;
}

/** A longer one stands in the condition or entry that it comes from. */
const LONGEST_MESSAGE = 400;

const CONVENTIONAL = [ConditionType.Ready, ConditionType.Reconciling, ConditionType.Stalled] as const;

/** Types of the conditions that are derived here; no other decision reads them. */
export const READINESS_TYPES: ReadonlySet<string> = new Set(CONVENTIONAL);

/**
 * Conditions with the three set.
 *
 * @param generation of the object that the facts are about; undefined where its spec may change after the last report
 */
export function withReadiness(
  conditions: readonly ConditionFact[] | undefined,
  { state, reason, message }: Readiness,
  generation: number | undefined,
  now: Date,
): readonly ConditionFact[] {
  const short = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}...` : message;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  return CONVENTIONAL.reduce<readonly ConditionFact[]>((list, type) => {
    const isTrue = type === state;
    const isTold = isTrue || type === ConditionType.Ready;
    const next = {
      type,
      status: isTrue ? "True" : "False",
      reason,
      message: isTold ? short : "",
      ...observed,
    } as const;
    return withCondition(list, next, now);
  }, conditions ?? []);
}

/** Whether the three say of this generation what they should; texts are not compared. */
export function isReadinessTold(
  conditions: readonly ConditionFact[] | undefined,
  { state }: Readiness,
  generation: number | undefined,
): boolean {
  return CONVENTIONAL.every((type) => {
    const told = findCondition(conditions, type);
    return told?.status === (type === state ? "True" : "False") && told.observedGeneration === generation;
  });
}

export interface InvokerFacts {
  readonly phase: InvokerPhase;
  readonly conditions: readonly ConditionFact[];
  /** Conditions of each member; a BackupConfiguration has them among its own. */
  readonly members: readonly (readonly ConditionFact[])[];
}

/** What an invoker needs, in the order in which its absence is told. */
const INVOKER_NEEDS = [
  ConditionType.ValidationPassed,
  ConditionType.RepositoryFound,
  ConditionType.BackendSecretFound,
  ConditionType.CronJobCreated,
  ConditionType.BackupTargetFound,
  ConditionType.StashSidecarInjected,
] as const;

/** Reasons that go away by themselves, or with an object that may still come. All others wait for a person's change. */
const PASSING: ReadonlySet<string> = new Set<ConditionReason>([
  "RepositoryNotAvailable",
  "UnableToCheckRepositoryAvailability",
  "BackendSecretNotAvailable",
  "UnableToCheckBackendSecretAvailability",
  "CronJobCreationFailed",
  "TargetNotAvailable",
  "UnableToCheckTargetAvailability",
  "SidecarInjectionPending",
  "SidecarWaitsForPodRestart",
  "RepositoryMissing",
  "BatchMissing",
  "CachesNotSynced",
]);

/** Of a BackupConfiguration or BackupBatch: whether the next session can back everything up. */
export function invokerReadiness({ phase, conditions, members }: InvokerFacts): Readiness {
  const all = [conditions, ...members];
  const lacking = INVOKER_NEEDS.flatMap((type) =>
    all.flatMap((list) => findCondition(list, type) ?? []).filter(({ status }) => status !== "True"),
  );
  const first = lacking.find(({ reason }) => !PASSING.has(reason ?? "")) ?? lacking[0];
  if (first !== undefined) {
    const { reason = "", message = "" } = first;
    const state = PASSING.has(reason) ? "Reconciling" : "Stalled";
    return { state, reason: reason || "InvokerNotReady", message: message || `${first.type} is not established` };
  }
  if (phase === "Ready") return { state: "Ready", reason: "BackupsCanRun", message: "backups can run" };
  const state = phase === "Invalid" ? "Stalled" : "Reconciling";
  return { state, reason: "InvokerNotReady", message: `the phase is ${phase}` };
}

export interface RunReport {
  readonly phase?: string | undefined;
  /** A restore's own words. */
  readonly message?: string | undefined;
  readonly conditions?: readonly ConditionFact[] | undefined;
  /** Targets of a session, members of a restore. */
  readonly targets?: readonly TargetReport[] | undefined;
}

export interface TargetReport {
  readonly phase?: string | undefined;
  readonly message?: string | undefined;
  readonly conditions?: readonly ConditionFact[] | undefined;
  readonly stats?:
    | readonly { readonly hostname?: string; readonly phase?: string; readonly error?: string }[]
    | undefined;
}

/** Ended runs, each with its reason. A run that made no copy is no good one, whatever kept it from it. */
const ENDED = {
  Succeeded: "RunSucceeded",
  Failed: "RunFailed",
  Skipped: "RunSkipped",
  Invalid: "RunInvalid",
  Unknown: "RunUnknown",
} as const satisfies Readonly<Record<string, ConditionReason>>;

/** Of a BackupSession, RestoreSession or RestoreBatch. */
export function runReadiness(run: RunReport): Readiness {
  const { phase = "Pending", message } = run;
  if (!isEndedPhase(phase)) {
    const isRunning = phase === "Running";
    const reason: ConditionReason = isRunning ? "RunRunning" : "RunPending";
    return { state: "Reconciling", reason, message: message || (isRunning ? "at work" : "not started") };
  }
  const reason = ENDED[phase];
  if (phase === "Succeeded") return { state: "Ready", reason, message: "ended well" };
  return { state: "Stalled", reason, message: faultOf(run) ?? `ended as ${phase}` };
}

function isEndedPhase(phase: string): phase is keyof typeof ENDED {
  return Object.hasOwn(ENDED, phase);
}

/** Conditions of a run that say by being True that it went wrong. */
const BAD_WHEN_TRUE: readonly string[] = [
  ConditionType.DeadlineExceeded,
  ConditionType.BackupSkipped,
  ConditionType.BackupDisrupted,
];

function isFault({ type, status }: ConditionFact): boolean {
  return !READINESS_TYPES.has(type) && status === (BAD_WHEN_TRUE.includes(type) ? "True" : "False");
}

/** The first fault that is recorded, in words. Targets come first: conditions of the run follow from them. */
function faultOf({ message, conditions, targets = [] }: RunReport): string | undefined {
  if (message !== undefined && message !== "") return message;
  for (const target of targets.filter(({ phase }) => phase === "Failed" || phase === "Unknown")) {
    const host = target.stats?.find(({ phase }) => phase === "Failed" || phase === "Unknown");
    const ofHost = host?.error === undefined ? undefined : `${host.hostname ?? "host"}: ${host.error}`;
    const words = target.message || ofHost || target.conditions?.find(isFault)?.message;
    if (words) return words;
  }
  return conditions?.find((condition) => isFault(condition) && condition.message)?.message;
}

export interface RepositoryReport {
  /** Whether no check knows of a fault; undefined before the first. */
  readonly integrity?: boolean | undefined;
  /** What is damaged, in words. */
  readonly damage?: string | undefined;
  /** What took its place, in words. */
  readonly replaced?: string | undefined;
  /** Why the newest session that tried could not open it. */
  readonly openFault?: string | undefined;
}

/** Of a Repository. */
export function repositoryReadiness({ integrity, damage, replaced, openFault }: RepositoryReport): Readiness {
  if (replaced !== undefined) return { state: "Stalled", reason: "RepositoryReplaced", message: replaced };
  if (integrity === false) {
    const message = damage ?? "a check found damage in the repository";
    return { state: "Stalled", reason: "RepositoryDamaged", message };
  }
  if (openFault !== undefined) {
    return { state: "Reconciling", reason: "FailedToInitializeBackendRepository", message: openFault };
  }
  const message = integrity === undefined ? "not checked yet" : "the checks found no fault";
  return { state: "Ready", reason: "RepositoryUsable", message };
}
