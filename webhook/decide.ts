/**
 * What becomes of a workload at admission.
 *
 * | # | workload | backup |
 * |---|---|---|
 * | 1 | is being deleted | left alone |
 * | 2 | caches not read yet | left alone; refused when it opted in by label |
 * | 3 | opted out | container removed |
 * | 4 | planned container wanted, its hash and container there | left alone, with image and resources that it has unless the owner changes the template |
 * | 5 | planned container wanted | added, refreshed or adopted |
 * | 6 | the cluster refused pods with the container, and the workload is held | container removed |
 * | 7 | an invoker names it, but something it needs is missing | container left as it is; refused when it opted in by label and is wrong by itself |
 * | 8 | nothing names it | container removed |
 *
 * | # | restore | init-container |
 * |---|---|---|
 * | 1 | one is open; the workload is created, the owner changes a template that has it, or its turn was announced | added or refreshed |
 * | 2 | one is open otherwise | left as it is: running pods wait for their turn |
 * | 3 | none is open, and the owner changes the template | dropped, unless the restore failed and holds the pods |
 * | 4 | none is open, that of the init-container is gone, and the reconciler asks for that | dropped |
 * | 5 | none is open | left as it is |
 *
 * The strategy of a Deployment goes with the init-container of an open restore: shared/injection/strategy.ts.
 */
import { Annotation, Label } from "../shared/contract.ts";
import { askOfLeftOver } from "../shared/injection/left-over.ts";
import { isOptedOut } from "../shared/injection/opt-out.ts";
import { carriesOwnParts, isLabelled } from "../shared/injection/own-parts.ts";
import { type InjectionPlan, planInjection } from "../shared/injection/plan.ts";
import { decideStrategy, isUnderRestore, type StrategyState, strategyState } from "../shared/injection/strategy.ts";
import { formatProblem, type InjectionView } from "../shared/injection/view.ts";
import type { JsonObject } from "../shared/injection/workload.ts";
import { isSameJson } from "../shared/json/same.ts";
import { INJECTION_REASONS, type InjectionReason } from "../shared/reasons.ts";
import { formatTarget } from "../shared/target/ref.ts";
import { decideBackup } from "./decide-backup.ts";
import { decideRestoreInit } from "./decide-restore-init.ts";
import { settleLabel } from "./inject/label.ts";
import { settlePullSecrets } from "./inject/pull-secrets.ts";
import { withoutOwnParts } from "./inject/without.ts";

export interface MutationView extends InjectionView {
  readonly operation: "CREATE" | "UPDATE";
  /** The pod template before an update. */
  readonly oldPodTemplate: JsonObject | undefined;
  /** The strategy before an update. */
  readonly oldStrategy: StrategyState | undefined;
  readonly isSynced: boolean;
}

export interface Reasons {
  readonly backup: InjectionReason;
  readonly restore?: InjectionReason;
}

export type Mutation =
  | { readonly kind: "skip"; readonly reasons: Reasons; readonly warnings: readonly string[] }
  | { readonly kind: "deny"; readonly reasons: Reasons; readonly message: string }
  | {
      readonly kind: "change";
      readonly reasons: Reasons;
      readonly podTemplate: JsonObject;
      /** Keys on the workload's own metadata that upstream Stash left. */
      readonly removedAnnotations: readonly string[];
      /** What becomes of a Deployment's strategy; undefined when it stays. */
      readonly strategy: StrategyState | undefined;
      readonly warnings: readonly string[];
    };

/** Faults of a workload that opted in by label which waiting doesn't mend: its owner has to. */
const OWNERS_FAULT: readonly InjectionReason[] = [
  "AnnotationInvalid",
  "VolumeMissing",
  "MountUnusable",
  "NameTaken",
  "OtherOperatingSystem",
  "BackendUnusable",
  "RepositoryNotAllowed",
];

export function decideMutation(view: MutationView): Mutation {
  const { workload, isSynced } = view;
  const { podTemplate } = workload;
  if (workload.isBeingDeleted) return skip("BeingDeleted");
  const isOwnChange = once(() => isChangedByOwner(view));
  if (!isSynced) return decideUnsynced(view, isOwnChange);
  if (isOptedOut(view)) {
    const stripped = withoutOwnParts(podTemplate);
    const strategy = strategyOf(view, stripped, undefined);
    if (stripped === podTemplate && strategy === undefined) return skip("OptedOut");
    return change(view, { podTemplate: stripped, strategy }, { backup: "Removed" }, []);
  }
  if (isUnconcerned(view)) return skip("NoInvoker");
  const plan = planInjection(view);
  const refusal = findRefusal(view, plan, isOwnChange);
  if (refusal !== undefined) return refusal;
  const { image } = view.settings;
  const { oldPodTemplate } = view;
  const input = { ...workload, plan, isOwnChange, image, oldPodTemplate, askOfLeftOver: askOfLeftOver(view) };
  const restore = decideRestoreInit({ ...input, isCreate: view.operation === "CREATE" });
  const backup = decideBackup({ ...input, podTemplate: restore.podTemplate });
  const isAsBefore = () => backup.podTemplate === podTemplate && !isOwnChange();
  const secured = settlePullSecrets(backup.podTemplate, view, isAsBefore);
  const settled = settleLabel(secured, () => secured !== podTemplate || isLabelled(oldPodTemplate) || isOwnChange());
  const strategy = strategyOf(view, settled, plan);
  const isReturned = strategy !== undefined && strategy.kept === undefined;
  const restoreReason = restore.reason ?? (isReturned ? "StrategyReturned" : undefined);
  const reasons: Reasons = {
    backup: backup.reason,
    ...(restoreReason !== undefined && { restore: restoreReason }),
  };
  if (settled === podTemplate && strategy === undefined) return { kind: "skip", reasons, warnings: plan.warnings };
  return change(view, { podTemplate: settled, strategy }, reasons, plan.warnings);
}

/** @param podTemplate as it will be */
function strategyOf({ workload, oldStrategy }: MutationView, podTemplate: JsonObject, plan: InjectionPlan | undefined) {
  return decideStrategy({
    kind: workload.kind,
    isUnderRestore: isUnderRestore(podTemplate, plan?.restore),
    state: strategyState(workload),
    before: oldStrategy,
  });
}

function skip(reason: InjectionReason): Mutation {
  return { kind: "skip", reasons: { backup: reason }, warnings: [] };
}

/** Nothing names the workload and it carries nothing of ours: most of what comes, and answered without a plan. */
function isUnconcerned(view: MutationView): boolean {
  const isNamed = view.backups.length > 0 || view.restores.length > 0 || view.blueprints.length > 0;
  const isKept = strategyState(view.workload).kept !== undefined;
  return !isNamed && !isKept && !isOptedInByLabel(view) && !carriesOwnParts(view.workload.podTemplate);
}

/** Comparing two templates costs as much as all else, and most decisions don't need it. */
function once(answer: () => boolean): () => boolean {
  let known: boolean | undefined;
  return () => {
    known ??= answer();
    return known;
  };
}

/** The workload is new, or its template differs from the one before in more than our parts. */
function isChangedByOwner({ operation, oldPodTemplate, workload }: MutationView): boolean {
  if (operation === "CREATE" || oldPodTemplate === undefined) return true;
  return !isSameJson(withoutOwnParts(oldPodTemplate), withoutOwnParts(workload.podTemplate));
}

function isOptedInByLabel({ workload }: MutationView): boolean {
  return workload.labels[Label.BackupBatch] !== undefined;
}

function decideUnsynced(view: MutationView, isOwnChange: () => boolean): Mutation {
  const reasons: Reasons = { backup: "CachesNotSynced" };
  const message = `${formatTarget(view.workload)}: ${INJECTION_REASONS.CachesNotSynced}`;
  if (isOptedInByLabel(view) && isOwnChange()) {
    return { kind: "deny", reasons, message: `${message} (next: try again in a few seconds)` };
  }
  return { kind: "skip", reasons, warnings: [`${message}; what is missing is added later`] };
}

/**
 * A workload that says itself that it wants a backup is refused when it can't have one, and a new workload whose restore
 * can't be done must not start empty. Updates that leave the template as it is go in always: controllers make them.
 */
function findRefusal(view: MutationView, plan: InjectionPlan, isOwnChange: () => boolean): Mutation | undefined {
  const { restoreProblem, problems } = plan;
  if (view.operation === "CREATE" && restoreProblem !== undefined) {
    const reasons: Reasons = { backup: plan.reason, restore: restoreProblem.reason };
    return { kind: "deny", reasons, message: `would start without its data: ${formatProblem(restoreProblem)}` };
  }
  const isWrong = plan.backup === undefined && OWNERS_FAULT.includes(plan.reason);
  if (!isWrong || !isOptedInByLabel(view) || !isOwnChange()) return undefined;
  const fault = problems.find(({ reason }) => reason === plan.reason);
  if (fault === undefined) return undefined;
  return { kind: "deny", reasons: { backup: plan.reason }, message: formatProblem(fault) };
}

const UPSTREAM_ANNOTATIONS = [
  Annotation.UpstreamBackupInvoker,
  Annotation.UpstreamBackupInvokerKind,
  Annotation.UpstreamRestoreInvoker,
  Annotation.UpstreamRestoreInvokerKind,
];

function change(
  view: MutationView,
  parts: { readonly podTemplate: JsonObject; readonly strategy: StrategyState | undefined },
  reasons: Reasons,
  warnings: readonly string[],
): Mutation {
  const { annotations } = view.workload;
  const removedAnnotations = UPSTREAM_ANNOTATIONS.filter((key) => annotations[key] !== undefined);
  return { kind: "change", reasons, ...parts, removedAnnotations, warnings };
}
