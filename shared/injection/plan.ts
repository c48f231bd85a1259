/**
 * What a workload's pod template should carry, computed from the workload and the invokers that name it. Pure: the
 * webhook builds from it, the reconciler compares its hash with the one that the template carries.
 */
import { OnRestoreFailure } from "../api/closed-lists.ts";
import { Annotation } from "../contract.ts";
import { canonicalJson, fnv1a64Decimal } from "../hash.ts";
import { type BackupInvokerView, formatInvoker, type RestoreInvokerView } from "../invoker.ts";
import type { InjectionReason } from "../reasons.ts";
import { type BuiltContainer, buildContainer, type Ingredient } from "./container.ts";
import {
  type BackupContribution,
  type Contribution,
  isByInitContainer,
  oldestFirst,
  type RestoreContribution,
  selectBackups,
  selectRestore,
} from "./contributions.ts";
import { findObstacle } from "./obstacle.ts";
import { formatProblem, type InjectionProblem, type InjectionView, type RestoreSource } from "./view.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** A container to inject. The image is given when it is built, since a running pod may keep the one that it has. */
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

/** Grows when equal facts are to give another hash. Then every workload's pods are restarted once. */
const HASH_FORMAT = 1;

/** Plans the containers of a workload. An opt-out is not looked at here. */
export function planInjection(view: InjectionView): InjectionPlan {
  const { chosen, problems } = selectBackups(view);
  const source = chooseRestore(view);
  const restoreSelection = source === undefined ? undefined : selectRestore(view, source);
  const restoreChosen = restoreSelection?.chosen[0];
  const wantsAny = chosen.length > 0 || restoreChosen !== undefined;
  const obstacle = wantsAny ? findObstacle(view.workload) : undefined;
  const backup = obstacle === undefined ? planBackup(view, chosen) : undefined;
  const isHolding = source !== undefined && isHoldingRestore(source);
  const restore = obstacle === undefined ? planRestore(view, restoreChosen, isHolding) : undefined;
  const restoreProblems = restoreSelection?.problems ?? [];
  const allProblems = [...(obstacle === undefined ? [] : [obstacle]), ...problems, ...restoreProblems];
  const isAwaited = source !== undefined && !isHolding && source.invoker.onFailure !== OnRestoreFailure.Start;
  const isLeftOut = isAwaited && restore === undefined;
  const restoreProblem = isLeftOut ? (obstacle ?? restoreProblems[0]) : undefined;
  const backupProblem = obstacle ?? problems.find(isForPeople) ?? problems[0];
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
    ],
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
function isForPeople({ reason }: InjectionProblem): boolean {
  return reason !== "JobModel" && reason !== "OtherDriver";
}

/** Whether a restore has run to its end. One that is invalid has not: what it names still lacks its data. */
function isEndedRestore({ phase }: RestoreSource): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Unknown";
}

/**
 * The restore whose turn the reconciler announced, else the oldest that has not ended, else the last one when it failed:
 * an application never starts without its data unless the restore says so.
 */
function chooseRestore(view: InjectionView): RestoreSource | undefined {
  const { restores, workload } = view;
  const known = oldestFirst(restores).filter((source) => isByInitContainer(view, source));
  const open = known.filter((source) => !isEndedRestore(source));
  const requested = workload.annotations[Annotation.RequestedRestore];
  return open.find(({ invoker }) => invoker.uid === requested) ?? open[0] ?? known.slice(-1).find(isHoldingRestore);
}

function isHoldingRestore({ phase, invoker }: RestoreSource): boolean {
  return phase === "Failed" && invoker.onFailure !== OnRestoreFailure.Start;
}

function planBackup(view: InjectionView, chosen: readonly BackupContribution[]) {
  const built = build(view, chosen, "backup");
  const invoker = chosen[0]?.invoker;
  if (built === undefined || invoker === undefined) return undefined;
  const { image, followsImage, nativeSidecar } = view.settings;
  const hash = hashOf(built, view.workload, followsImage ? { image } : {});
  const plan: BackupPlan = { ...planOf(built, hash), invoker: identityOf(invoker), isNative: nativeSidecar };
  return { plan, built };
}

function planRestore(view: InjectionView, chosen: RestoreContribution | undefined, isHolding: boolean) {
  if (chosen === undefined) return undefined;
  const built = build(view, [chosen], "restore");
  if (built === undefined) return undefined;
  const invoker = identityOf(chosen.invoker);
  const plan: RestorePlan = { ...planOf(built, hashOf(built, view.workload, { invoker })), invoker, isHolding };
  return { plan, built };
}

function build(
  view: InjectionView,
  chosen: readonly Contribution<
    BackupInvokerView | RestoreInvokerView,
    BackupContribution["member"] | RestoreContribution["member"]
  >[],
  role: "backup" | "restore",
): BuiltContainer | undefined {
  const [first, ...others] = chosen.map(
    ({ invoker, member, repository }): Ingredient => ({
      invoker,
      repository,
      spec: member.spec,
      volumeMounts: member.target.volumeMounts ?? [],
    }),
  );
  return first === undefined ? undefined : buildContainer(view, [first, ...others], role);
}

function planOf({ container, args, volumes }: BuiltContainer, hash: string): ContainerPlan {
  return { hash, container, args, volumes };
}

function identityOf<Kind extends string>({
  kind,
  namespace,
  name,
  uid,
}: {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}) {
  return { kind, namespace, name, uid };
}

/**
 * Covers what the container was built from and not how it was built, so that a new version of the product, which may build
 * it otherwise, restarts nobody by itself. Not which invoker the arguments name: the agent serves all sessions of its target.
 * The target is in, so that a template copied to another workload differs.
 */
function hashOf({ origin }: BuiltContainer, workload: WorkloadFacts, more: JsonObject): string {
  const { kind, namespace, name } = workload;
  return hashOnce({ format: HASH_FORMAT, origin, target: { kind, namespace, name }, ...more });
}

/** The same few hashes are asked for with every review of a workload. */
const REMEMBERED_HASHES = 2_000;
const hashes = new Map<string, string>();

function hashOnce(content: JsonObject): string {
  const text = JSON.stringify(content);
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const hash = fnv1a64Decimal(canonicalJson(content));
  if (hashes.size >= REMEMBERED_HASHES) hashes.clear();
  hashes.set(text, hash);
  return hash;
}
