/**
 * What a workload's pod template should carry, computed from the workload and the invokers that name it. Pure: the
 * webhook builds from it, the reconciler compares its hash with the one that the template carries.
 */
import { OnRestoreFailure } from "../api/closed-lists.ts";
import { Annotation } from "../contract.ts";
import { type BackupInvokerView, formatInvoker, type RestoreInvokerView } from "../invoker/object.ts";
import { INJECTION_REASONS, type InjectionReason } from "../reasons.ts";
import { formatTarget } from "../target/ref.ts";
import type { BuiltContainer, Ingredient, Role } from "./container.ts";
import { identityOf } from "./container-hash.ts";
import {
  type BackupContribution,
  type Contribution,
  isByInitContainer,
  oldestFirst,
  type RestoreContribution,
  selectBackups,
  selectRestore,
} from "./contributions.ts";
import { readHold } from "./hold.ts";
import { provideContainer } from "./known-containers.ts";
import { findObstacle } from "./obstacle.ts";
import { containersOf, isInitOf } from "./own-parts.ts";
import { findSettingWarnings } from "./own-settings.ts";
import { findQualityWarnings } from "./pod-quality.ts";
import { findPodWarnings, findRestoreWarnings } from "./pod-warnings.ts";
import { formatProblem, type InjectionProblem, type InjectionView, type RestoreSource } from "./view.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** A container to inject. The image is given when it is built, since a running pod may keep the one that it has, like its resources. */
export interface ContainerPlan {
  /** Decimal FNV-1a-64; goes into the pod template's annotation. */
  readonly hash: string;
  /** Without `image` and `args`. */
  readonly container: JsonObject;
  readonly args: readonly string[];
  readonly volumes: readonly JsonObject[];
}

export interface BackupPlan extends ContainerPlan {
  /** The oldest invoker that the container serves. */
  readonly invoker: Pick<BackupInvokerView, "kind" | "namespace" | "name" | "uid">;
  /** Among the init-containers, with `restartPolicy: Always`. */
  readonly isNative: boolean;
}

export interface RestorePlan extends ContainerPlan {
  readonly invoker: Pick<RestoreInvokerView, "kind" | "namespace" | "name" | "uid">;
  /** The restore failed, and pods that already wait for it go on waiting. */
  readonly isHolding: boolean;
}

export interface InjectionPlan {
  readonly backup?: BackupPlan;
  readonly restore?: RestorePlan;
  /** `Injected` when there is a backup container to carry, else why there is none. */
  readonly reason: InjectionReason;
  /** What keeps members or whole containers out, backups and restores alike. */
  readonly problems: readonly InjectionProblem[];
  /** A restore that has not ended names the workload, its container can't be added, and it does not say `onFailure: Start`. */
  readonly restoreProblem?: InjectionProblem;
  /** Texts for people, problems included. */
  readonly warnings: readonly string[];
}

/** Plans the containers of a workload. An opt-out is not looked at here. */
export function planInjection(view: InjectionView): InjectionPlan {
  const { chosen, problems } = selectBackups(view);
  const source = chooseRestore(view);
  const restoreSelection = source === undefined ? undefined : selectRestore(view, source);
  const restoreChosen = restoreSelection?.chosen[0];
  const wantsAny = chosen.length > 0 || restoreChosen !== undefined;
  const obstacle = wantsAny ? findObstacle(view.workload) : undefined;
  const held = obstacle === undefined && chosen.length > 0 ? findHold(view.workload) : undefined;
  const backup = obstacle === undefined && held === undefined ? planBackup(view, chosen) : undefined;
  const isHolding = source !== undefined && isHoldingRestore(source);
  const restore = obstacle === undefined ? planRestore(view, restoreChosen, isHolding) : undefined;
  const restoreProblems = restoreSelection?.problems ?? [];
  const ofWorkload = [obstacle, held].filter((one) => one !== undefined);
  const ofContainers = [backup, restore].flatMap((one) => one?.built.problems ?? []);
  const allProblems = [...ofWorkload, ...problems, ...restoreProblems, ...ofContainers];
  const isAwaited = source !== undefined && !isHolding && source.invoker.onFailure !== OnRestoreFailure.Start;
  const isLeftOut = isAwaited && restore === undefined;
  const restoreProblem = isLeftOut ? (obstacle ?? restoreProblems[0]) : undefined;
  const backupProblem = obstacle ?? held ?? problems.find(isForPeople) ?? problems[0];
  return {
    ...(backup !== undefined && { backup: backup.plan }),
    ...(restore !== undefined && { restore: restore.plan }),
    reason: backup === undefined ? (backupProblem?.reason ?? "NoInvoker") : "Injected",
    problems: allProblems,
    ...(restoreProblem !== undefined && { restoreProblem }),
    warnings: [
      ...allProblems.filter(isForPeople).map(formatProblem),
      ...(backup === undefined ? [] : chosen.filter(isWithoutPaths).map(formatPathless)),
      ...(backup?.built.warnings ?? []),
      ...(restore?.built.warnings ?? []),
      ...(restore === undefined ? [] : findRestoreWarnings(view.workload, restore.plan.container)),
      ...warningsOfPod(view, backup?.plan ?? restore?.plan),
    ],
  };
}

function warningsOfPod(view: InjectionView, added: ContainerPlan | undefined): readonly string[] {
  if (added === undefined) return [];
  const { workload } = view;
  return [
    ...findPodWarnings(workload),
    ...findQualityWarnings(workload, added.container),
    ...findSettingWarnings(view),
  ];
}

function findHold(workload: WorkloadFacts): InjectionProblem | undefined {
  if (readHold(workload.annotations) === undefined) return undefined;
  return {
    reason: "InjectionRefusedByCluster",
    message: `${formatTarget(workload)} goes without its backup: ${INJECTION_REASONS.InjectionRefusedByCluster}`,
    next: "See the condition StashSidecarInjected of its invoker for the cluster's words.",
  };
}

function isWithoutPaths({ member }: BackupContribution): boolean {
  return (member.target.paths ?? []).length === 0;
}

function formatPathless({ invoker, member }: BackupContribution): string {
  const where = member.isLabelled ? `the annotation ${Annotation.TargetPaths}` : "target.paths of the member";
  return `${formatInvoker(invoker)} names no paths, so its sessions fail (next: set ${where})`;
}

/** A member that is done by a job is no news to anyone. */
export function isForPeople({ reason }: InjectionProblem): boolean {
  return reason !== "JobModel" && reason !== "OtherDriver";
}

/** Whether a restore has run to its end. One that is invalid has not: what it names still lacks its data. */
export function isRestoreOver({ phase }: RestoreSource): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Unknown";
}

/**
 * The restore that cleans up in the workload, else the one whose turn the reconciler announced, else the oldest that has not ended, else the last one when it failed:
 * an application never starts without its data unless the restore says so.
 */
function chooseRestore(view: InjectionView): RestoreSource | undefined {
  const { restores, workload } = view;
  if (restores.length === 0) return undefined;
  // One that cleans up keeps the pods that it has, and gets no others.
  const isKept = ({ invoker }: RestoreSource) =>
    invoker.isCleaningUp !== true || containersOf(workload.podTemplate).some((one) => isInitOf(one, invoker));
  const known = oldestFirst(restores).filter((source) => isByInitContainer(view, source) && isKept(source));
  const open = known.filter((source) => !isRestoreOver(source));
  const requested = workload.annotations[Annotation.RequestedRestore];
  const former = open.find(({ invoker }) => invoker.isCleaningUp === true);
  return (
    former ?? open.find(({ invoker }) => invoker.uid === requested) ?? open[0] ?? known.slice(-1).find(isHoldingRestore)
  );
}

function isHoldingRestore({ phase, invoker }: RestoreSource): boolean {
  return phase === "Failed" && invoker.onFailure !== OnRestoreFailure.Start;
}

function planBackup(view: InjectionView, chosen: readonly BackupContribution[]) {
  const built = build(view, chosen, "backup");
  const invoker = chosen[0]?.invoker;
  if (built === undefined || invoker === undefined) return undefined;
  const plan: BackupPlan = { ...planOf(built), invoker: identityOf(invoker), isNative: view.settings.nativeSidecar };
  return { plan, built };
}

function planRestore(view: InjectionView, chosen: RestoreContribution | undefined, isHolding: boolean) {
  if (chosen === undefined) return undefined;
  const built = build(view, [chosen], "restore");
  if (built === undefined) return undefined;
  const plan: RestorePlan = { ...planOf(built), invoker: identityOf(chosen.invoker), isHolding };
  return { plan, built };
}

function build(
  view: InjectionView,
  chosen: readonly Contribution<
    BackupInvokerView | RestoreInvokerView,
    BackupContribution["member"] | RestoreContribution["member"]
  >[],
  role: Role,
): BuiltContainer | undefined {
  const [first, ...others] = chosen.map(
    ({ invoker, member, repository }): Ingredient => ({
      invoker,
      repository,
      spec: member.spec,
      volumeMounts: member.target.volumeMounts ?? NO_MOUNTS,
    }),
  );
  return first === undefined ? undefined : provideContainer(view, [first, ...others], role);
}

const NO_MOUNTS: Ingredient["volumeMounts"] = [];

function planOf({ hash, container, args, volumes }: BuiltContainer): ContainerPlan {
  return { hash, container, args, volumes };
}
