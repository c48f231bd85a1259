/** The condition StashSidecarInjected of one member: which pods carry the container, and why others don't. Pure. */
import { Container } from "../../shared/contract.ts";
import { isForPeople } from "../../shared/injection/plan.ts";
import { formatProblem } from "../../shared/injection/view.ts";
import { isJsonObject, numberAt, textAt } from "../../shared/json/value.ts";
import { type ConditionReason, ConditionType, INJECTION_REASONS } from "../../shared/reasons.ts";
import type { ConditionFact, NewCondition } from "../../shared/status/conditions.ts";
import { formatTarget } from "../../shared/target/ref.ts";
import type { InjectionRecord } from "../injection/record.ts";
import type { Refusal } from "../injection/refusal.ts";
import { isInjectionCurrent, type WantedInjection } from "../injection/state.ts";
import type { Trouble } from "../injection/trouble.ts";
import type { PodObject } from "../world/pod-object.ts";
import type { WorkloadObject } from "../world/workload-object.ts";

export interface SidecarFacts {
  readonly workload: WorkloadObject;
  readonly wanted: WantedInjection;
  /** Why the annotations of a labelled workload can't be read. */
  readonly unreadable: string | undefined;
  /** As formatInvoker() has the invoker whose condition it is: the container may serve others and not its member. */
  readonly invoker?: string;
  /** The workload's own pods that carry one of our containers. */
  readonly pods: readonly PodObject[];
  /** Names of pods that lack the present container; read only when the update strategy keeps them. */
  readonly keptPods: readonly string[];
  readonly record: InjectionRecord | undefined;
  /** How many other workloads are restarting for theirs, where this one waits for them. */
  readonly waitsForOthers?: number | undefined;
  /** What the cluster said to pods with the sidecar. */
  readonly refusal: Refusal | undefined;
  /** What keeps pods of the present template from being made or ready. */
  readonly trouble: Trouble | undefined;
  /** Names beside the pods of the Secrets that can pull our image. */
  readonly pullSecrets: readonly string[];
}

interface Answer {
  readonly status: "True" | "False";
  readonly reason: ConditionReason;
  readonly message: string;
}

/** More names would not be read by anybody. */
const SHOWN_PODS = 10;

/**
 * First match wins:
 *
 * | # | when | status, reason |
 * |---|---|---|
 * | 1 | annotations of a labelled workload can't be read | False `AnnotationInvalid` |
 * | 2 | workload or namespace opted out | False `OptedOut` |
 * | 3 | the cluster refuses pods with the container, and it is held back | False `InjectionRefusedByCluster`, with its words |
 * | 4 | the container can't be planned | False, the reason of the plan |
 * | 5 | the container serves others, and this member not as it wants | False, the reason |
 * | 6 | others undo the injection again and again | False `InjectionConflict` |
 * | 7 | the template lacks the container as it is wanted, since the cluster refuses pods with it | False `InjectionRefusedByCluster`, likewise |
 * | 8 | the template lacks the container, the API server refused it or requests had no effect | False `SidecarInjectionFailed` |
 * | 9 | the template lacks the container | False `SidecarInjectionPending` |
 * | 10 | pods lack it, and the update strategy keeps them | False `SidecarWaitsForPodRestart` |
 * | 11 | pods lack it, are missing, or it keeps them from being ready | False `SidecarInjectionPending`, with the cluster's words |
 * | 12 | otherwise | True `SidecarInjectionSucceeded` |
 *
 * @param present conditions as the status has them: the cluster's words outlive the process that heard them
 */
export function sidecarCondition(facts: SidecarFacts, present: readonly ConditionFact[] = []): NewCondition {
  return { type: ConditionType.StashSidecarInjected, ...sidecarAnswer(facts, present) };
}

function sidecarAnswer(facts: SidecarFacts, present: readonly ConditionFact[]): Answer {
  const { workload, wanted, unreadable, record } = facts;
  const target = formatTarget(workload.facts);
  const no = (reason: ConditionReason, message: string): Answer => ({ status: "False", reason, message });
  if (unreadable !== undefined) return no("AnnotationInvalid", `${target}: ${unreadable}`);
  if (wanted.isOptedOut) return no("OptedOut", `${target}: ${INJECTION_REASONS.OptedOut}`);
  const { plan } = wanted;
  if (plan.reason === "InjectionRefusedByCluster") return no(plan.reason, refusedMessage(facts, target, present));
  if (plan.backup === undefined) {
    const problem = plan.problems.find(({ reason }) => reason === plan.reason);
    return no(
      plan.reason,
      problem === undefined ? `${target}: ${INJECTION_REASONS[plan.reason]}` : formatProblem(problem),
    );
  }
  const own = plan.problems.find(
    (one) => one.invoker !== undefined && one.invoker === facts.invoker && isForPeople(one),
  );
  if (own !== undefined) return no(own.reason, formatProblem(own));
  if (!isInjectionCurrent(workload.facts, wanted)) {
    const isRefused = facts.refusal !== undefined && record?.conflict === undefined;
    return isRefused
      ? no("InjectionRefusedByCluster", refusedMessage(facts, target, present))
      : notCurrent(target, facts, no);
  }
  return rolloutAnswer(facts, target, no);
}

function refusedMessage(
  { refusal, pullSecrets }: SidecarFacts,
  target: string,
  present: readonly ConditionFact[],
): string {
  const known = present.find(({ type }) => type === ConditionType.StashSidecarInjected);
  if (refusal === undefined && known?.reason === "InjectionRefusedByCluster" && known.message) return known.message;
  const words = refusal === undefined ? INJECTION_REASONS.InjectionRefusedByCluster : refusal.words;
  return `${target} goes without the container: ${words} (next: ${nextStep(words, pullSecrets)})`;
}

function nextStep(words: string, pullSecrets: readonly string[]): string {
  if (!/ErrImagePull|ImagePullBackOff/.test(words)) {
    return "make room for it, or change the workload or the invoker; it is tried again then";
  }
  if (pullSecrets.length === 0) return "name a Secret that can pull the image in pull-secrets of the installation";
  return `add ${pullSecrets.join(", ")} to imagePullSecrets of the pod template or of its ServiceAccount, and restart the workload`;
}

/** So many requests without effect are no coincidence. */
const VAIN_REQUESTS = 2;

function notCurrent(
  target: string,
  { record, waitsForOthers }: Pick<SidecarFacts, "record" | "waitsForOthers">,
  no: (reason: ConditionReason, message: string) => Answer,
): Answer {
  if (record?.conflict !== undefined) {
    const { manager } = record.conflict;
    return no(
      "InjectionConflict",
      `${target}: ${INJECTION_REASONS.InjectionConflict}; field manager ${manager} wrote the pod template last (next: let it leave the container ${Container.Sidecar} and its volumes alone)`,
    );
  }
  if (record?.refusal !== undefined) {
    return no("SidecarInjectionFailed", `${target} could not be re-submitted: ${record.refusal}`);
  }
  if (record !== undefined && record.vainRequests >= VAIN_REQUESTS) {
    return no(
      "SidecarInjectionFailed",
      `${target} was re-submitted ${record.vainRequests} times, and admission did not change it (next: see whether the webhook runs and is registered for the namespace)`,
    );
  }
  return no(
    "SidecarInjectionPending",
    waitsForOthers === undefined
      ? `${target} is being re-submitted`
      : `${target} gets the container when fewer workloads are restarting for theirs: ${waitsForOthers} are now`,
  );
}

function rolloutAnswer(
  facts: SidecarFacts,
  target: string,
  no: (reason: ConditionReason, message: string) => Answer,
): Answer {
  const { workload } = facts;
  if (workload.observedGeneration < workload.generation) {
    return no("SidecarInjectionPending", `${target}: its controller has not seen the change yet`);
  }
  const lacking = podsLacking(facts);
  const { trouble } = facts;
  if (lacking === 0 && trouble === undefined) {
    const message =
      workload.existingReplicas === 0
        ? `${target} has no pods now; its template carries the container`
        : `every pod of ${target} carries the container`;
    return { status: "True", reason: "SidecarInjectionSucceeded", message };
  }
  const kept = lacking === 0 ? undefined : whyKept(workload);
  if (kept === undefined) {
    const lack = `${lacking} of ${workload.existingReplicas} pods lack the container yet`;
    const known = [...(lacking > 0 ? [lack] : []), ...(trouble === undefined ? [] : [trouble.words])];
    return no("SidecarInjectionPending", `${target}: ${known.join("; ")}`);
  }
  const names = facts.keptPods.slice(0, SHOWN_PODS).join(", ");
  const more = facts.keptPods.length > SHOWN_PODS ? ` and ${facts.keptPods.length - SHOWN_PODS} more` : "";
  const which = names === "" ? `${lacking} pods` : `${names}${more}`;
  return no("SidecarWaitsForPodRestart", `${target} ${kept}: ${which} lack the container until they are restarted`);
}

/** How many of the pods that exist don't carry the container as it is wanted now. */
export function podsLacking({ workload, wanted, pods }: Pick<SidecarFacts, "workload" | "wanted" | "pods">): number {
  const hash = wanted.plan.backup?.hash;
  const carrying = pods.filter((pod) => !pod.isEnded && pod.sidecar !== undefined && pod.backupHash === hash);
  return Math.max(workload.existingReplicas - carrying.length, 0);
}

/** Why the workload's controller leaves pods of a former template as they are, or undefined when it replaces them. */
export function whyKept({ strategy, isPaused }: Pick<WorkloadObject, "strategy" | "isPaused">): string | undefined {
  if (isPaused) return "is paused";
  if (!isJsonObject(strategy)) return undefined;
  if (textAt(strategy, "type") === "OnDelete") return "has the update strategy OnDelete";
  const partition = numberAt(strategy, "rollingUpdate", "partition") ?? 0;
  return partition > 0 ? `has an update strategy with partition ${partition}` : undefined;
}
