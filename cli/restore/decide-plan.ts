/** What a restore would do, as far as the objects of the cluster tell. Pure. */
import type { TriedRestore } from "../../agent/restore/tried.ts";
import { howOf, restartsOf, stepsOf } from "../../reconciler/restore/plan.ts";
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { isDryRun, type RestoreMemberView, restoreInvokerView } from "../../shared/invoker/object.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import {
  EMPTY_TARGET_KIND,
  formatTarget,
  type ResolvedTargetRef,
  resolveTargetRef,
  targetKey,
} from "../../shared/target/ref.ts";
import type { RestoreObject } from "../objects/restores.ts";
import type { Point, PointSnapshot } from "../points/decide.ts";
import { leftOut, type NamedMember } from "./build-object.ts";
import type { PointChoice } from "./choose-point.ts";

/** A workload as it is now; undefined in the map where it does not exist. */
export interface TargetFacts {
  readonly replicas: number;
}

export interface PlanView {
  readonly restore: RestoreBatch;
  readonly members: readonly NamedMember[];
  readonly point: Point | undefined;
  readonly nearest?: PointChoice["nearest"];
  /** Workloads and other targets by `targetKey`; a key without value is a target that does not exist. */
  readonly targets: ReadonlyMap<string, TargetFacts | undefined>;
  readonly hasRepository: boolean;
  /** Tasks of the restore that do not exist. */
  readonly missingTasks: readonly string[];
  readonly sessions: readonly BackupSession[];
  readonly restores: readonly RestoreObject[];
}

export interface PlannedMember {
  readonly name: string;
  /** Members of one step start together. */
  readonly step: number;
  readonly target: string;
  readonly how: string;
  readonly restarts: string;
  readonly snapshots: readonly PointSnapshot[];
  readonly sizeBytes: number;
  /** What restic's dry run says of its files, where it was asked for. */
  readonly files?: MemberFiles;
}

export type MemberFiles =
  /** `lacks` says which hosts are not in it, and why. */
  | { readonly kind: "tried"; readonly files: TriedRestore; readonly lacks?: string }
  | { readonly kind: "unknown"; readonly why: string };

export interface Plan {
  readonly point: Pick<Point, "session" | "time" | "isComplete"> | undefined;
  readonly nearest: PointChoice["nearest"];
  readonly members: readonly PlannedMember[];
  /** What it would wait for, one sentence each. */
  readonly waitsFor: readonly string[];
  /** What the batch says and the restore does not. */
  readonly leftOut: readonly string[];
}

export function decidePlan(view: PlanView): Plan {
  const { restore, point, members } = view;
  const invoker = restoreInvokerView({ ...restore, metadata: { ...restore.metadata } });
  const steps = stepsOf(invoker.members, invoker.executionOrder);
  return {
    point: point && { session: point.session, time: point.time, isComplete: point.isComplete },
    nearest: view.nearest,
    members: invoker.members.map((member, at): PlannedMember => {
      const name = members[at]?.name ?? member.alias ?? member.ref.name;
      const saved = point?.members?.find((one) => one.name === name);
      return {
        name,
        step: steps[at] ?? 0,
        target: formatTarget(member.ref),
        how: howOf(member),
        restarts: restartsOf(member, view.targets.get(targetKey(member.ref))?.replicas),
        snapshots: saved?.snapshots ?? [],
        sizeBytes: saved?.sizeBytes ?? 0,
      };
    }),
    waitsFor: waitsFor(view, invoker.members),
    leftOut: members.flatMap(leftOut),
  };
}

function waitsFor(view: PlanView, members: readonly RestoreMemberView[]): readonly string[] {
  const { restore, hasRepository, missingTasks, targets } = view;
  const { repository } = restore.spec;
  const absent = members.filter(({ ref }) => targets.has(targetKey(ref)) && targets.get(targetKey(ref)) === undefined);
  return [
    ...(hasRepository ? [] : [`Repository ${repository?.name ?? "of the batch"} does not exist`]),
    ...missingTasks.map((task) => `Task ${task} does not exist`),
    ...absent.map(({ ref }) => `${formatTarget(ref)} does not exist: it is waited for`),
    ...view.sessions
      .filter((session) => touches(session, members))
      .map(({ metadata, status }) => {
        return `BackupSession ${metadata.name} of the same targets is ${status?.phase ?? "Pending"}`;
      }),
    ...view.restores
      .filter((other) => overlaps(other, members))
      .map(({ kind, metadata, status }) => {
        return `${kind} ${metadata.name} of the same targets is ${status?.phase ?? "Pending"}`;
      }),
  ];
}

const keysOf = (refs: readonly ResolvedTargetRef[]) =>
  new Set(refs.filter(({ kind }) => kind !== EMPTY_TARGET_KIND).map(targetKey));

function touches({ metadata, status }: BackupSession, members: readonly RestoreMemberView[]): boolean {
  if (isFinalSessionPhase(status?.phase)) return false;
  const wanted = keysOf(members.map(({ ref }) => ref));
  return (status?.targets ?? []).some(({ ref }) => wanted.has(targetKey(resolveTargetRef(ref, metadata.namespace))));
}

function overlaps(other: RestoreObject, members: readonly RestoreMemberView[]): boolean {
  if (isDryRun(other) || isFinalRestorePhase(other.status?.phase)) return false;
  const wanted = keysOf(members.map(({ ref }) => ref));
  return restoreInvokerView(other).members.some(({ ref }) => wanted.has(targetKey(ref)));
}
