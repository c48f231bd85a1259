/** Carries out what was decided for one restore. The status is written first; nothing else happens unless it stands. */
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch } from "../../shared/api/restore-batch.ts";
import { parseRestoreSession } from "../../shared/api/restore-session.ts";
import { Annotation, Finalizer } from "../../shared/contract.ts";
import { assertNever } from "../../shared/errors.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import type { Clock } from "../../shared/kube/clock.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import { isNotFound } from "../../shared/kube/kube-error.ts";
import type { Logger } from "../../shared/log.ts";
import { formatTarget, type ResolvedTargetRef, targetKey } from "../../shared/target.ts";
import { patchNamed } from "../authority.ts";
import type { HookRunner } from "../hooks/hook-runner.ts";
import type { JobMaker } from "../jobs/job-maker.ts";
import { POINT_SEARCH } from "../jobs/point-search.ts";
import { withRefusal } from "../run/refused-status.ts";
import { tellRefusal, writeRunStatus } from "../run/write-status.ts";
import { isWorkloadKind, WORKLOADS } from "../world/workload-object.ts";
import { lookAtPods } from "./look-at-pods.ts";
import type { RestoreMemories } from "./memory.ts";
import { type RestoreObject, type RestoreStatus, writeRestoreStatus } from "./restore-status.ts";
import type { Action } from "./step.ts";
import { memberOf, type RestoreView, targetsOf } from "./view.ts";

export interface ActPorts {
  readonly client: Pick<KubeClient, "find" | "list" | "patch" | "patchStatus">;
  readonly hooks: HookRunner;
  readonly jobs: Pick<JobMaker, "endJob" | "makePointSearch" | "makeRestoreJobs" | "problems">;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly events: EventRecorder;
  readonly memories: RestoreMemories;
  readonly log: Logger;
  readonly monotonicMs: number;
  /** Look at the restore again. */
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

/** `again`: what the decision was made on has changed. */
export type ActOutcome = "done" | "again";

export function parseRestoreObject(restore: Pick<RestoreObject, "kind">): (value: unknown) => RestoreObject {
  return restore.kind === "RestoreBatch" ? parseRestoreBatch : parseRestoreSession;
}

/** @throws KubeError when the API server refuses or can't be reached */
export async function actOnRestore(
  ports: ActPorts,
  key: string,
  view: RestoreView,
  actions: readonly Action[],
): Promise<ActOutcome> {
  for (const action of actions) if (action.kind === "RunHook") ports.hooks.prepare(action.run);
  for (const action of actions) {
    if ((await actOnce(ports, key, view, action)) === "again") return "again";
  }
  return "done";
}

async function actOnce(ports: ActPorts, key: string, view: RestoreView, action: Action): Promise<ActOutcome> {
  switch (action.kind) {
    case "WriteStatus":
      return writeStatus(ports, key, view.object, action.status);
    case "RunHook":
      ports.hooks.start(action.run, ports.wake);
      return "done";
    case "StartPrepared":
      ports.hooks.startPrepared(action.key, ports.wake);
      return "done";
    case "AbortHook":
      ports.hooks.abort(action.key);
      return "done";
    case "EndJob":
      if (action.job.uid === view.pointSearch.job?.uid) ports.memories.keepEndedSearch(key, action.job.uid);
      await ports.jobs.endJob(view.object.metadata, action.job);
      return "done";
    case "EnsureJobs":
      return ensureJobs(ports, view, action.targetIndex);
    case "EnsurePointSearch":
      return ensurePointSearch(ports, view);
    case "RequestInjection":
      return requestInjection(ports, key, view.object, action.ref);
    case "LookAtPods":
      ports.memories.keepSeen(key, await lookAtPods(ports, view.object.metadata.namespace, action.uids));
      return "again";
    case "RemoveFinalizer":
      return removeFinalizer(ports, view.object);
    case "EmitEvent":
      ports.events.record(subjectOf(view.object), action.type, action.reason, action.message);
      return "done";
    default:
      return assertNever(action);
  }
}

export function subjectOf({ apiVersion, kind, metadata }: RestoreObject) {
  const { name, namespace, uid } = metadata;
  return { apiVersion, kind, name, namespace, uid: uid ?? "" };
}

/** The write stands only if nobody, agent or another reconciler, changed the restore since it was read. */
async function writeStatus(
  ports: ActPorts,
  key: string,
  object: RestoreObject,
  status: RestoreStatus,
): Promise<ActOutcome> {
  const { namespace, name } = object.metadata;
  const resource = KINDS[object.kind];
  const { signal } = ports;
  const parse = parseRestoreObject(object);
  const now = new Date(ports.clock.now());
  const write = await writeRunStatus(
    ports.client,
    { resource, metadata: object.metadata, before: object.status, after: writeRestoreStatus(object, status) },
    { parse, endWith: (words) => withRefusal(object.status ?? {}, words, now) },
    signal,
  );
  switch (write.kind) {
    case "written":
      ports.memories.keepWrite(key, write.object);
      if (write.object.status?.phase !== object.status?.phase) {
        ports.log.info({ restore: key, phase: write.object.status?.phase }, "restore phase changed");
      }
      return tellRefusal(ports, { restore: key }, subjectOf(object), write.refused) ? "again" : "done";
    case "unchanged":
      return "done";
    case "conflict": {
      // The informer may be behind: decide on what the API server has.
      const newest = await ports.client.find(resource, namespace, name, parse, { signal });
      if (newest !== undefined) ports.memories.keepWrite(key, newest);
      return "again";
    }
    case "gone":
      return "again";
    default:
      return assertNever(write);
  }
}

/** When they can't be made there is something new to decide on. */
async function ensureJobs(ports: ActPorts, view: RestoreView, targetIndex: number): Promise<ActOutcome> {
  const target = targetsOf(view.status)[targetIndex];
  const member = target && memberOf(view, target);
  if (member === undefined) return "done";
  const users = await ports.jobs.makeRestoreJobs({
    ...orderOf(ports, view),
    member: { ...member, index: targetIndex },
  });
  if (users.length > 0) {
    // L53: whether they mind is theirs to know; that they run must not go unsaid.
    const what = `${formatTarget(member.ref)} is restored while it is mounted by ${users.join(", ")}`;
    const message = `${what}: scale the workload down before a restore, or restart it afterwards`;
    ports.events.record(subjectOf(view.object), "Warning", "Volume In Use", message);
  }
  return ports.jobs.problems(view.invoker.uid).has(targetIndex) ? "again" : "done";
}

/** What keeps it from being made is decided on once; the next look tries again. */
async function ensurePointSearch(ports: ActPorts, view: RestoreView): Promise<ActOutcome> {
  const { uid } = view.invoker;
  await ports.jobs.makePointSearch(orderOf(ports, view));
  const isNewProblem = view.pointSearch.problem === undefined && ports.jobs.problems(uid).has(POINT_SEARCH);
  return isNewProblem ? "again" : "done";
}

function orderOf({ clock }: ActPorts, { object, invoker, repository, status }: RestoreView) {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid = "" } = metadata;
  const deadlineAtMs = Date.parse(status.sessionDeadline ?? "");
  return {
    owner: { apiVersion, kind, namespace, name, uid },
    invoker,
    repository,
    deadlineAtMs: Number.isNaN(deadlineAtMs) ? undefined : deadlineAtMs,
    nowMs: clock.now(),
  };
}

/** The annotation names the restore; sending it again, even unchanged, sends the workload through admission again. */
async function requestInjection(
  ports: ActPorts,
  key: string,
  object: RestoreObject,
  ref: ResolvedTargetRef,
): Promise<ActOutcome> {
  if (!isWorkloadKind(ref.kind)) return "done";
  ports.memories.keepAsked(key, targetKey(ref), ports.monotonicMs);
  const body = { metadata: { annotations: { [Annotation.RequestedRestore]: object.metadata.uid ?? "" } } };
  try {
    const patch = { kind: "merge", body } as const;
    const workload = { resource: WORKLOADS[ref.kind], ...ref };
    await patchNamed(ports.client, object.metadata.namespace, workload, patch, asIs, { signal: ports.signal });
    ports.log.info({ restore: key, target: formatTarget(ref) }, "workload sent through admission");
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return "done";
}

async function removeFinalizer(ports: ActPorts, object: RestoreObject): Promise<ActOutcome> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = object.metadata;
  const rest = finalizers.filter((finalizer) => finalizer !== Finalizer.Invoker);
  const patch = { kind: "merge", body: { metadata: { uid, resourceVersion, finalizers: rest } } } as const;
  try {
    await ports.client.patch(KINDS[object.kind], namespace, name, patch, asIs, { signal: ports.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return "done";
}
