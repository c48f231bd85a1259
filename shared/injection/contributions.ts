/** Which members of which invokers a workload's containers serve, and what is wrong with the others. */
import type { Repository } from "../api/repository.ts";
import type { ContainerSettings } from "../api/runtime-settings.ts";
import { Driver, Label } from "../contract.ts";
import { messageOf, UserError } from "../errors.ts";
import { labelledMember } from "../invoker/labelled-member.ts";
import {
  type BackupInvokerView,
  type BackupMemberView,
  backupMemberView,
  formatInvoker,
  type RestoreInvokerView,
  type RestoreMemberView,
} from "../invoker/object.ts";
import { mayUseRepository } from "../repository/usage-policy.ts";
import { formatTarget, isSidecarKind } from "../target/ref.ts";
import type { Finding } from "../validation/finding.ts";
import { findContainerFaults } from "../validation/runtime-settings.ts";
import { findBackendProblem } from "./backend-volume.ts";
import { findMountProblem } from "./mounts.ts";
import type { BackupSource, InjectionProblem, InjectionView, RestoreSource } from "./view.ts";

/** A member whose data the container can reach. */
export interface Contribution<Invoker, Member> {
  readonly invoker: Invoker;
  readonly member: Member;
  /** Undefined only for a restore that waits for its Repository. */
  readonly repository: Repository | undefined;
}

export type BackupContribution = Contribution<BackupInvokerView, BackupMemberView>;
export type RestoreContribution = Contribution<RestoreInvokerView, RestoreMemberView>;

export interface Selection<Chosen> {
  /** Oldest invoker first. */
  readonly chosen: readonly Chosen[];
  readonly problems: readonly InjectionProblem[];
}

type Invoker = BackupInvokerView | RestoreInvokerView;
type Member = BackupMemberView | RestoreMemberView;

/** Members of backup invokers that this workload's sidecar serves. */
export function selectBackups(view: InjectionView): Selection<BackupContribution> {
  const chosen: BackupContribution[] = [];
  const problems: InjectionProblem[] = [];
  const labelled = joinLabelledBatch(view);
  if (labelled.problem !== undefined) problems.push(labelled.problem);
  const made = view.blueprints.flatMap(({ source, problem }) => {
    if (problem !== undefined) problems.push(problem);
    return source === undefined ? [] : [source];
  });
  for (const { invoker, repository } of [...oldestFirst(view.backups), ...made]) {
    const isLabelledBatch = invoker === labelled.source?.invoker;
    const named = membersNaming(view, invoker);
    const members = named.length === 0 && isLabelledBatch && labelled.member ? [labelled.member] : named;
    for (const member of members) {
      const problem = findProblem(view, { invoker, member, repository }, settingsOf(chosen));
      if (problem === undefined) chosen.push({ invoker, member, repository });
      else problems.push({ ...problem, invoker: formatInvoker(invoker) });
    }
  }
  return { chosen, problems };
}

/** Settings of the one container of several members: the first that has any says. */
function settingsOf(chosen: readonly BackupContribution[]): ContainerSettings | undefined {
  return chosen.map(({ member }) => member.spec.runtimeSettings?.container).find((settings) => settings !== undefined);
}

/**
 * The member of a restore that this workload's init-container serves. A Repository that does not exist yet is no
 * obstacle: the init-container holds the pod until it appears, so that nothing starts without its data.
 */
export function selectRestore(view: InjectionView, source: RestoreSource): Selection<RestoreContribution> {
  const chosen: RestoreContribution[] = [];
  const problems: InjectionProblem[] = [];
  const { invoker, repository } = source;
  for (const member of membersNaming(view, invoker)) {
    const problem = findProblem(view, { invoker, member, repository });
    if (problem === undefined || problem.reason === "RepositoryMissing") {
      chosen.push({ invoker, member, repository: problem === undefined ? repository : undefined });
    }
    if (problem !== undefined) problems.push(problem);
  }
  return { chosen, problems };
}

/** Whether an init-container of the workload does the restore; with a task or another driver a job does it (L46). */
export function isByInitContainer(view: InjectionView, { invoker }: RestoreSource): boolean {
  const members = membersNaming(view, invoker);
  return invoker.driver === Driver.Restic && members.some((member) => member.isSidecarModel);
}

/** Sources of invokers that are not being deleted; older ones first, so that their settings win. */
export function oldestFirst<Source extends BackupSource | RestoreSource>(sources: readonly Source[]): Source[] {
  return sources
    .filter(({ invoker }) => !invoker.isBeingDeleted)
    .sort(({ invoker: a }, { invoker: b }) => a.createdAtMs - b.createdAtMs || compareText(keyOf(a), keyOf(b)));
}

function keyOf(invoker: Invoker): string {
  return `${invoker.kind}/${invoker.name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Agents watch their own namespace only, so an invoker of another namespace can't be served by a sidecar. */
function membersNaming<M extends Member>(
  view: InjectionView,
  invoker: { readonly namespace: string; readonly members: readonly M[] },
): readonly M[] {
  const { kind, name, namespace } = view.workload;
  if (invoker.namespace !== namespace) return [];
  return invoker.members.filter(({ ref }) => ref.kind === kind && ref.name === name && ref.namespace === namespace);
}

/** @param settings of the container that others brought; the member's own count where there are none */
function findProblem(
  view: InjectionView,
  { invoker, member, repository }: Contribution<Invoker, Member>,
  settings: ContainerSettings | undefined = member.spec.runtimeSettings?.container,
): InjectionProblem | undefined {
  const who = formatInvoker(invoker);
  if (invoker.driver !== Driver.Restic) {
    return { reason: "OtherDriver", message: `${who} has driver ${invoker.driver}`, next: "Nothing: a job does it." };
  }
  if (!member.isSidecarModel && isSidecarKind(member.ref.kind)) {
    return { reason: "JobModel", message: `${who} names task ${member.taskName}`, next: "Nothing: a job does it." };
  }
  const mounting = { volumeMounts: member.target.volumeMounts ?? [], settings };
  return (
    findRepositoryProblem(view, invoker, repository) ??
    findMountProblem(view.workload, member.ref, mounting, who) ??
    findSettingsProblem(member, who)
  );
}

/** By the member's spec, which never changes in memory. */
const settingsFaults = new WeakMap<Member["spec"], Finding | null>();

/** A container that the API server refuses would freeze every change of the workload, by whomever. */
function findSettingsProblem(member: Member, who: string): InjectionProblem | undefined {
  const { spec } = member;
  let fault = settingsFaults.get(spec);
  if (fault === undefined) {
    fault = findContainerFaults(spec, "")[0] ?? null;
    settingsFaults.set(spec, fault);
  }
  if (fault === null) return undefined;
  const reason = "isLabelled" in member && member.isLabelled ? "AnnotationInvalid" : "SettingsInvalid";
  return { reason, message: `${who}: ${fault.field} ${fault.message}`, next: fault.next };
}

function findRepositoryProblem(
  view: InjectionView,
  invoker: Invoker,
  repository: Repository | undefined,
): InjectionProblem | undefined {
  const who = formatInvoker(invoker);
  const named = invoker.repository;
  if (repository === undefined || repository.metadata.deletionTimestamp !== undefined) {
    const name = named === undefined ? "no Repository" : `Repository ${named.namespace}/${named.name}`;
    const fault = named === undefined ? "is named" : repository === undefined ? "does not exist" : "is being deleted";
    return {
      reason: "RepositoryMissing",
      message: `${who}: ${name} ${fault}`,
      next: named === undefined ? "Set spec.repository." : "Create it; what is missing follows by itself.",
    };
  }
  const isAllowed = mayUseRepository({
    usagePolicy: repository.spec.usagePolicy,
    repositoryNamespace: repository.metadata.namespace,
    namespace: view.namespace.name,
    namespaceLabels: view.namespace.labels,
  });
  if (!isAllowed) {
    return {
      reason: "RepositoryNotAllowed",
      message: `${who}: Repository ${repository.metadata.namespace}/${repository.metadata.name} does not allow namespace ${view.namespace.name}`,
      next: "Allow the namespace in the Repository's spec.usagePolicy, or use another Repository.",
    };
  }
  return findBackendProblem(repository, view.namespace, who);
}

interface LabelledBatch {
  readonly source?: BackupSource;
  readonly member?: BackupMemberView;
  readonly problem?: InjectionProblem;
}

/** The BackupBatch that the workload's label names, and the member that its annotations make of it. */
function joinLabelledBatch(view: InjectionView): LabelledBatch {
  const { workload } = view;
  const name = workload.labels[Label.BackupBatch];
  if (name === undefined) return {};
  const source = view.backups.find(({ invoker }) => isLiveBatch(invoker, workload.namespace, name));
  if (source === undefined) {
    return {
      problem: {
        reason: "BatchMissing",
        message: `label ${Label.BackupBatch} names BackupBatch ${workload.namespace}/${name}, which does not exist`,
        next: "Create it or correct the label; the container follows by itself.",
      },
    };
  }
  try {
    const { namespace } = workload;
    const index = source.invoker.members.length;
    const member = backupMemberView(labelledMember(workload), { index, namespace, isLabelled: true });
    return { source, member };
  } catch (thrown) {
    const next = thrown instanceof UserError ? thrown.next : "Correct the annotation.";
    return {
      source,
      problem: { reason: "AnnotationInvalid", message: `${formatTarget(workload)}: ${messageOf(thrown)}`, next },
    };
  }
}

function isLiveBatch(invoker: BackupInvokerView, namespace: string, name: string): boolean {
  return (
    invoker.kind === "BackupBatch" &&
    invoker.namespace === namespace &&
    invoker.name === name &&
    !invoker.isBeingDeleted
  );
}
