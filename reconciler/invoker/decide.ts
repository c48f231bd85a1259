/** Conditions and phase of a BackupConfiguration or BackupBatch. Pure. */
import type { MemberConditions } from "../../shared/api/backup-batch.ts";
import { Driver } from "../../shared/contract.ts";
import { assertNever } from "../../shared/errors.ts";
import { formatInvoker } from "../../shared/invoker/object.ts";
import { type ConditionReason, ConditionType } from "../../shared/reasons.ts";
import { mayUseRepository } from "../../shared/repository/usage-policy.ts";
import { type ConditionFact, type NewCondition, withCondition } from "../../shared/status/conditions.ts";
import { type InvokerPhase, invokerPhase } from "../../shared/status/invoker-phase.ts";
import { invokerReadiness, withReadiness } from "../../shared/status/readiness.ts";
import { formatTarget, type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";
import type { Lookup } from "./lookups.ts";
import { sidecarCondition } from "./sidecar-condition.ts";
import type { InvokerStatusView, MemberStatusView } from "./status-view.ts";

export interface InvokerStatus {
  readonly conditions: readonly ConditionFact[];
  /** Of a BackupBatch alone; a BackupConfiguration has the conditions of its one member among its own. */
  readonly memberConditions: readonly MemberConditions[] | undefined;
  readonly phase: InvokerPhase;
  readonly observedGeneration: number;
}

/** Types that this decision writes: those that it does not give any more are dropped. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  ConditionType.RepositoryFound,
  ConditionType.BackendSecretFound,
  ConditionType.ValidationPassed,
  ConditionType.CronJobCreated,
  ConditionType.BackupTargetFound,
  ConditionType.StashSidecarInjected,
]);

/** @param now for the transition times of conditions that change */
export function decideInvokerStatus(view: InvokerStatusView, now: Date): InvokerStatus {
  const { invoker } = view;
  const ofInvoker = [...driverConditions(view), triggerCondition(view)];
  const isBatch = invoker.kind === "BackupBatch";
  const ofMembers = view.members.map((member) => {
    const { ref } = member.member;
    const present = isBatch ? presentOf(view, ref) : view.conditions;
    return { ref, present, wanted: memberConditions(member, present) };
  });
  const wanted = isBatch ? ofInvoker : [...ofInvoker, ...ofMembers.flatMap((member) => member.wanted)];
  const conditions = replaced(view.conditions, wanted, now);
  const conditionsOfMembers = isBatch
    ? ofMembers.map(({ ref, present, wanted: ofMember }) => ({
        target: ref,
        conditions: replaced(present, ofMember, now),
      }))
    : undefined;
  const phase = invokerPhase({ driver: invoker.driver, conditions });
  const members = (conditionsOfMembers ?? []).map((member) => member.conditions);
  const readiness = invokerReadiness({ phase, conditions, members });
  return {
    conditions: withReadiness(conditions, readiness, invoker.generation, now),
    memberConditions: conditionsOfMembers,
    phase,
    observedGeneration: invoker.generation,
  };
}

/** Present conditions with ours brought to what is wanted; those of others stay. */
function replaced(
  present: readonly ConditionFact[],
  wanted: readonly NewCondition[],
  now: Date,
): readonly ConditionFact[] {
  const types = new Set<string>(wanted.map(({ type }) => type));
  const kept = present.filter(({ type }) => types.has(type) || !OWN_TYPES.has(type));
  return wanted.reduce<readonly ConditionFact[]>((conditions, one) => withCondition(conditions, one, now), kept);
}

function presentOf(view: InvokerStatusView, ref: ResolvedTargetRef): readonly ConditionFact[] {
  const found = view.memberConditions.find(({ target }) => {
    const { kind = "", name = "", namespace = "" } = target;
    return targetKey({ kind, name, namespace: namespace || view.invoker.namespace }) === targetKey(ref);
  });
  return found?.conditions ?? [];
}

/** In upstream's order; what follows from something that is missing is left out. */
function driverConditions(view: InvokerStatusView): readonly NewCondition[] {
  const { invoker, repository } = view;
  if (invoker.driver !== Driver.Restic) return [validationPassed()];
  const name = invoker.repository && `${invoker.repository.namespace}/${invoker.repository.name}`;
  if (name === undefined) {
    return [no(ConditionType.RepositoryFound, "RepositoryNotAvailable", "spec.repository names no Repository")];
  }
  if (repository === undefined || repository.metadata.deletionTimestamp !== undefined) {
    const fault = repository === undefined ? "does not exist" : "is being deleted";
    return [no(ConditionType.RepositoryFound, "RepositoryNotAvailable", `Repository ${name} ${fault}`)];
  }
  return [
    yes(ConditionType.RepositoryFound, "RepositoryAvailable", `Repository ${name} exists`),
    secretCondition(view, repository.metadata.namespace, repository.spec.backend?.storageSecretName),
    policyCondition(view, name),
  ];
}

function secretCondition(
  { secret }: InvokerStatusView,
  namespace: string,
  secretName: string | undefined,
): NewCondition {
  const type = ConditionType.BackendSecretFound;
  if (!secretName) {
    return no(type, "BackendSecretNotAvailable", "spec.backend.storageSecretName of the Repository is empty");
  }
  const what = `Secret ${namespace}/${secretName}`;
  return lookupCondition(secret ?? "missing", type, what, {
    found: "BackendSecretAvailable",
    missing: "BackendSecretNotAvailable",
    unknown: "UnableToCheckBackendSecretAvailability",
  });
}

function policyCondition({ invoker, repository, namespaceLabels }: InvokerStatusView, name: string): NewCondition {
  const isAllowed = mayUseRepository({
    usagePolicy: repository?.spec.usagePolicy,
    repositoryNamespace: repository?.metadata.namespace ?? "",
    namespace: invoker.namespace,
    namespaceLabels,
  });
  return isAllowed
    ? validationPassed()
    : no(
        ConditionType.ValidationPassed,
        "ResourceValidationFailed",
        `the usagePolicy of Repository ${name} does not allow namespace ${invoker.namespace}`,
      );
}

function validationPassed(): NewCondition {
  return yes(ConditionType.ValidationPassed, "ResourceValidationPassed", "the object is valid and allowed");
}

function triggerCondition({ trigger, invoker }: InvokerStatusView): NewCondition {
  const type = ConditionType.CronJobCreated;
  switch (trigger.kind) {
    case "InProcess":
      return yes(type, "InProcessSchedule", "the reconciler itself starts the sessions");
    case "CronJob":
      return yes(type, "CronJobCreationSucceeded", `CronJob ${invoker.namespace}/${trigger.name} starts the sessions`);
    case "CronJobFailed":
      return no(type, "CronJobCreationFailed", `the CronJob of ${formatInvoker(invoker)}: ${trigger.message}`);
    case "Invalid":
      return no(type, "ScheduleInvalid", trigger.message);
    default:
      return assertNever(trigger);
  }
}

function memberConditions(
  { member, target, sidecar }: MemberStatusView,
  present: readonly ConditionFact[],
): readonly NewCondition[] {
  const found = lookupCondition(target, ConditionType.BackupTargetFound, formatTarget(member.ref), {
    found: "TargetAvailable",
    missing: "TargetNotAvailable",
    unknown: "UnableToCheckTargetAvailability",
  });
  return sidecar === undefined ? [found] : [found, sidecarCondition(sidecar, present)];
}

function lookupCondition(
  lookup: Lookup,
  type: ConditionType,
  what: string,
  reasons: { readonly found: ConditionReason; readonly missing: ConditionReason; readonly unknown: ConditionReason },
): NewCondition {
  if (lookup === "found") return yes(type, reasons.found, `${what} exists`);
  if (lookup === "missing") return no(type, reasons.missing, `${what} does not exist`);
  return { type, status: "Unknown", reason: reasons.unknown, message: `${what}: ${lookup.unknown}` };
}

function yes(type: ConditionType, reason: ConditionReason, message: string): NewCondition {
  return { type, status: "True", reason, message };
}

function no(type: ConditionType, reason: ConditionReason, message: string): NewCondition {
  return { type, status: "False", reason, message };
}
