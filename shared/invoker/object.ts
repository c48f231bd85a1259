/**
 * One view over the four invoker kinds, with upstream's defaults filled in. A BackupConfiguration is a batch of one member, a
 * RestoreSession a restore of one. Everything that decides reads this view, never the kinds themselves.
 */
import type { BackupBatch } from "../api/backup-batch.ts";
import type { BackupConfiguration } from "../api/backup-configuration.ts";
import { OnVolumesInUse } from "../api/closed-lists.ts";
import type { BackupHooks, RestoreHooks } from "../api/hooks.ts";
import type { BackupMember, RestoreMember } from "../api/member.ts";
import type { RestoreBatch } from "../api/restore-batch.ts";
import type { RestoreSession } from "../api/restore-session.ts";
import type { RetentionPolicy } from "../api/retention-policy.ts";
import type { RuntimeSettings } from "../api/runtime-settings.ts";
import type { BackupTarget, RestoreTarget } from "../api/target.ts";
import { Driver, ExecutionOrder, FailurePolicy } from "../contract.ts";
import { parseDuration } from "../duration.ts";
import { ConditionType } from "../reasons.ts";
import { isConditionTrue } from "../status/conditions.ts";
import { isSidecarModel, type ResolvedTargetRef, resolveTargetRef } from "../target/ref.ts";
import { isAsGoodAsGone, isCleaningUp } from "./held-run.ts";

export type BackupInvokerKind = "BackupConfiguration" | "BackupBatch";
export type RestoreInvokerKind = "RestoreSession" | "RestoreBatch";

export interface RepositoryName {
  readonly namespace: string;
  readonly name: string;
}

/** What the views of backup and restore invokers share. */
interface InvokerFacts<Kind extends string> {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly createdAtMs: number;
  readonly isBeingDeleted: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly driver: string;
  /** Undefined where the spec names none, as with driver VolumeSnapshotter. */
  readonly repository: RepositoryName | undefined;
  readonly executionOrder: string;
  readonly timeOutMs: number | undefined;
}

interface MemberFacts {
  /** Position in the invoker's list, from 0; stable within a session. */
  readonly index: number;
  readonly alias: string | undefined;
  readonly ref: ResolvedTargetRef;
  readonly taskName: string | undefined;
  /** Workload and no task: a sidecar or init-container does the work, else a job. */
  readonly isSidecarModel: boolean;
  readonly dependsOn: readonly string[];
}

export interface BackupMemberView extends MemberFacts {
  readonly target: BackupTarget;
  readonly hooks: BackupHooks | undefined;
  readonly spec: BackupMember;
  /** Joined by the label on the workload; not in the invoker's spec. */
  readonly isLabelled: boolean;
}

export interface RestoreMemberView extends MemberFacts {
  readonly target: RestoreTarget;
  readonly hooks: RestoreHooks | undefined;
  readonly spec: RestoreMember;
}

export interface RetryView {
  readonly maxRetry: number;
  readonly delayMs: number;
}

export interface BackupInvokerView extends InvokerFacts<BackupInvokerKind> {
  readonly members: readonly BackupMemberView[];
  /** Global hooks; a BackupConfiguration has none. */
  readonly hooks: BackupHooks | undefined;
  readonly failurePolicy: string;
  readonly schedule: string | undefined;
  readonly timeZone: string | undefined;
  readonly jitterMs: number;
  readonly startingDeadlineMs: number | undefined;
  readonly retentionPolicy: RetentionPolicy | undefined;
  readonly isPaused: boolean;
  readonly historyLimit: number;
  readonly retry: RetryView | undefined;
  /** Of the trigger's pod, where Kubernetes starts the sessions; a BackupConfiguration's are its member's too. */
  readonly runtimeSettings: RuntimeSettings | undefined;
}

export interface RestoreInvokerView extends InvokerFacts<RestoreInvokerKind> {
  /** Deleted, and not gone before its after-hooks are done; it does not count as being deleted until then. */
  readonly isCleaningUp?: boolean;
  readonly members: readonly RestoreMemberView[];
  readonly hooks: RestoreHooks | undefined;
  /** BackupSession whose recovery point is wanted. */
  readonly session: string | undefined;
  /** The newest complete recovery point at or before this time is wanted. */
  readonly asOfMs: number | undefined;
  readonly onFailure: string;
  /** Whether jobs wait for pods of others that mount the claims which they fill. */
  readonly waitsForVolumes: boolean;
  readonly retry: RetryView | undefined;
  /** Nothing of it is done: no workload waits for it, and nobody else waits for it either. */
  readonly isDryRun: boolean;
}

type BackupInvoker = BackupConfiguration | BackupBatch;
type RestoreInvoker = RestoreSession | RestoreBatch;

function invokerFacts<Kind extends string>(
  invoker: (BackupInvoker | RestoreInvoker) & { readonly kind: Kind },
  executionOrder: string | undefined,
): InvokerFacts<Kind> {
  const { metadata, spec } = invoker;
  return {
    kind: invoker.kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? "",
    generation: metadata.generation ?? 0,
    createdAtMs: metadata.creationTimestamp === undefined ? 0 : Date.parse(metadata.creationTimestamp),
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
    driver: spec.driver ?? Driver.Restic,
    repository: spec.repository && {
      name: spec.repository.name,
      namespace: spec.repository.namespace || metadata.namespace,
    },
    executionOrder: executionOrder ?? ExecutionOrder.Parallel,
    timeOutMs: spec.timeOut === undefined ? undefined : parseDuration(spec.timeOut, "spec.timeOut"),
  };
}

function memberFacts(member: BackupMember | RestoreMember, index: number, namespace: string): MemberFacts {
  const ref = resolveTargetRef(member.target?.ref, namespace);
  return {
    index,
    alias: member.target?.alias || undefined,
    ref,
    taskName: member.task?.name || undefined,
    isSidecarModel: isSidecarModel(ref, member.task?.name),
    dependsOn: member.dependsOn ?? [],
  };
}

function retryView(config: { readonly maxRetry?: number; readonly delay?: string } | undefined): RetryView | undefined {
  if (config === undefined) return undefined;
  return {
    maxRetry: config.maxRetry ?? 1,
    delayMs: config.delay === undefined ? 0 : parseDuration(config.delay, "spec.retryConfig.delay"),
  };
}

/** View of one member, as written in a spec or made from a workload's annotations. */
export function backupMemberView(
  member: BackupMember,
  at: { readonly index: number; readonly namespace: string; readonly isLabelled: boolean },
): BackupMemberView {
  return {
    ...memberFacts(member, at.index, at.namespace),
    target: member.target ?? {},
    hooks: member.hooks,
    spec: member,
    isLabelled: at.isLabelled,
  };
}

/**
 * View of a BackupConfiguration or BackupBatch.
 *
 * @throws UserError INVALID_DURATION naming the field
 */
export function backupInvokerView(invoker: BackupInvoker): BackupInvokerView {
  const { metadata, spec } = invoker;
  const isBatch = invoker.kind === "BackupBatch";
  const members = isBatch ? (invoker.spec.members ?? []) : [invoker.spec];
  return {
    ...invokerFacts(invoker, isBatch ? invoker.spec.executionOrder : ExecutionOrder.Sequential),
    members: members.map((member, index) =>
      backupMemberView(member, { index, namespace: metadata.namespace, isLabelled: false }),
    ),
    hooks: isBatch ? spec.hooks : undefined,
    failurePolicy: (isBatch ? invoker.spec.failurePolicy : undefined) ?? FailurePolicy.Continue,
    schedule: spec.schedule || undefined,
    timeZone: spec.timeZone || undefined,
    jitterMs: spec.jitter === undefined ? 0 : parseDuration(spec.jitter, "spec.jitter"),
    startingDeadlineMs: spec.startingDeadlineSeconds === undefined ? undefined : spec.startingDeadlineSeconds * 1_000,
    retentionPolicy: spec.retentionPolicy,
    isPaused: spec.paused ?? false,
    historyLimit: spec.backupHistoryLimit ?? 1,
    retry: retryView(spec.retryConfig),
    runtimeSettings: spec.runtimeSettings,
  };
}

/**
 * View of a RestoreSession or RestoreBatch. Rules at the deprecated place of a RestoreSession count when the target has
 * none.
 *
 * @throws UserError INVALID_DURATION naming the field
 */
export function restoreInvokerView(invoker: RestoreInvoker): RestoreInvokerView {
  const { metadata, spec } = invoker;
  const isBatch = invoker.kind === "RestoreBatch";
  const members = isBatch ? (invoker.spec.members ?? []) : [restoreSessionMember(invoker)];
  return {
    ...invokerFacts(invoker, isBatch ? invoker.spec.executionOrder : ExecutionOrder.Sequential),
    isBeingDeleted: isAsGoodAsGone(metadata),
    isCleaningUp: isCleaningUp(metadata),
    members: members.map((member, index) => ({
      ...memberFacts(member, index, metadata.namespace),
      target: member.target ?? {},
      hooks: member.hooks,
      spec: member,
    })),
    hooks: isBatch ? spec.hooks : undefined,
    session: spec.session || undefined,
    asOfMs: spec.asOf === undefined ? undefined : Date.parse(spec.asOf),
    onFailure: spec.onFailure ?? "Hold",
    waitsForVolumes: spec.volumesInUse === OnVolumesInUse.Wait,
    retry: retryView(spec.retryConfig),
    isDryRun: isDryRun(invoker),
  };
}

/** A restore that began as a dry run stays one, whatever its spec becomes. */
export function isDryRun({ spec, status }: RestoreInvoker): boolean {
  return spec.dryRun === true || isConditionTrue(status?.conditions, ConditionType.DryRun);
}

function restoreSessionMember({ spec }: RestoreSession): RestoreMember {
  const rules = spec.target?.rules ?? spec.rules;
  return rules === undefined ? spec : { ...spec, target: { ...spec.target, rules } };
}

/** Whether a job does a member's work. */
export function isJobMember(member: BackupMemberView | RestoreMemberView): boolean {
  const hasTemplates = "volumeClaimTemplates" in member.target && (member.target.volumeClaimTemplates ?? []).length > 0;
  return !member.isSidecarModel || hasTemplates;
}

/** `BackupBatch demo/nightly`: how messages name an invoker. */
export function formatInvoker(invoker: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${invoker.kind} ${invoker.namespace}/${invoker.name}`;
}

/** The invoker's member that points at a target, if any. */
export function findMember<Member extends { readonly ref: ResolvedTargetRef }>(
  members: readonly Member[],
  ref: Pick<ResolvedTargetRef, "kind" | "namespace" | "name">,
): Member | undefined {
  return members.find(
    (member) => member.ref.kind === ref.kind && member.ref.namespace === ref.namespace && member.ref.name === ref.name,
  );
}
