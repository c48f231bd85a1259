/** Tells the owner of a workload who asked for its backup why it has none: as an Event on the workload, once for each reason. */
import { Annotation, INJECT_DISABLED, Label } from "../../shared/contract.ts";
import { isForPeople } from "../../shared/injection/plan.ts";
import { formatProblem } from "../../shared/injection/view.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import { INJECTION_REASONS, type InjectionReason } from "../../shared/reasons.ts";
import { formatTarget, targetKey } from "../../shared/target/ref.ts";
import type { WorkloadId } from "../invoker/workload-key.ts";
import type { InjectionFacts } from "./gather.ts";
import type { TargetMemory } from "./target-memory.ts";

export interface SkipPorts {
  readonly events: Pick<EventRecorder, "record">;
  /** What each workload's owner was told last. */
  readonly told: TargetMemory<string>;
}

interface Skip {
  readonly reason: InjectionReason;
  readonly message: string;
}

/** Why a workload whose owner opted in is not, or not as he asked, backed up; undefined when it is, or nobody opted in. Pure. */
export function findSkip({
  workload: { facts },
  unheld: { plan, isOptedOut },
}: Pick<InjectionFacts, "workload" | "unheld">): Skip | undefined {
  if (!isOptedIn(facts) || facts.isBeingDeleted) return undefined;
  if (isOptedOut) {
    const message = `${formatTarget(facts)} asks for a backup, and ${INJECTION_REASONS.OptedOut} (next: take ${Annotation.Inject}: ${INJECT_DISABLED} away)`;
    return { reason: "OptedOut", message };
  }
  const problem = plan.problems.find(isForPeople);
  return problem === undefined ? undefined : { reason: problem.reason, message: formatProblem(problem) };
}

/** By the label of a BackupBatch or the annotation of a BackupBlueprint. */
function isOptedIn({ labels, annotations }: WorkloadFacts): boolean {
  return labels[Label.BackupBatch] !== undefined || annotations[Annotation.BackupBlueprint] !== undefined;
}

export function tellSkip(
  { events, told }: SkipPorts,
  { kind, namespace, name }: WorkloadId,
  facts: InjectionFacts,
): void {
  const { workload } = facts;
  const target = targetKey(workload.facts);
  const skip = findSkip(facts);
  if (skip === undefined) {
    told.forget(target);
    return;
  }
  const news = `${skip.reason}: ${skip.message}`;
  if (told.get(target) === news) return;
  told.set(target, news);
  const subject = { apiVersion: workload.facts.apiVersion, kind, namespace, name, uid: workload.uid };
  events.record(subject, "Warning", skip.reason, skip.message);
}
