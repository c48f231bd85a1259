/** Carries out what was decided for restores alone. */
import { Annotation } from "../../shared/contract.ts";
import { assertNever } from "../../shared/errors.ts";
import { asIs } from "../../shared/kube/client.ts";
import { isNotFound } from "../../shared/kube/kube-error.ts";
import { formatTarget, type ResolvedTargetRef, targetKey } from "../../shared/target.ts";
import { patchNamed } from "../authority.ts";
import { POINT_SEARCH } from "../jobs/point-search.ts";
import { isNews } from "../jobs/target-job.ts";
import { jobOrderOf } from "../run/act.ts";
import { runTargets } from "../run/run-facts.ts";
import type { ActOutcome, ActPorts } from "../run/run-kind.ts";
import { runOwnerOf } from "../run/view.ts";
import { isWorkloadKind, WORKLOADS } from "../world/workload-object.ts";
import type { RestoreMemory } from "./gather.ts";
import { lookAtPods } from "./look-at-pods.ts";
import type { RestoreObject } from "./restore-status.ts";
import type { OwnAction } from "./step.ts";
import { memberOf, type RestoreView } from "./view.ts";

type RestoreActPorts = ActPorts<RestoreObject, RestoreMemory>;

/** @throws KubeError when the API server refuses or can't be reached */
export async function actOnRestore(
  ports: RestoreActPorts,
  key: string,
  view: RestoreView,
  action: OwnAction,
): Promise<ActOutcome> {
  switch (action.kind) {
    case "EnsureJobs":
      return ensureJobs(ports, view, action.targetIndex);
    case "EnsurePointSearch":
      return ensurePointSearch(ports, view);
    case "EndPointSearch":
      ports.memories.own(key).endedSearch = action.job.uid;
      await ports.jobs.endJob(view.object.metadata, action.job);
      return "done";
    case "RequestInjection":
      return requestInjection(ports, key, view.object, action.ref);
    case "LookAtPods":
      ports.memories.own(key).seen = await lookAtPods(ports, view.object.metadata.namespace, action.uids);
      return "again";
    default:
      return assertNever(action);
  }
}

/** When they can't be made there is something new to decide on. */
async function ensureJobs(ports: RestoreActPorts, view: RestoreView, targetIndex: number): Promise<ActOutcome> {
  const target = runTargets(view.status)[targetIndex];
  const member = target && memberOf(view, target);
  if (member === undefined) return "done";
  const known = ports.jobs.problems(view.invoker.uid).get(targetIndex);
  const users = await ports.jobs.makeRestoreJobs({
    ...jobOrderOf(view, ports.clock.now()),
    invoker: view.invoker,
    member: { ...member, index: targetIndex },
  });
  if (users.length > 0) {
    // L53: whether they mind is theirs to know; that they run must not go unsaid.
    const what = `${formatTarget(member.ref)} is restored while it is mounted by ${users.join(", ")}`;
    const message = `${what}: scale the workload down before a restore, or restart it afterwards`;
    ports.events.record(runOwnerOf(view.object), "Warning", "Volume In Use", message);
  }
  return isNews(known, ports.jobs.problems(view.invoker.uid).get(targetIndex)) ? "again" : "done";
}

/** What keeps it from being made is decided on once; the next look tries again. */
async function ensurePointSearch(ports: RestoreActPorts, view: RestoreView): Promise<ActOutcome> {
  const { uid } = view.invoker;
  await ports.jobs.makePointSearch({ ...jobOrderOf(view, ports.clock.now()), invoker: view.invoker });
  const isNewProblem = view.pointSearch.problem === undefined && ports.jobs.problems(uid).has(POINT_SEARCH);
  return isNewProblem ? "again" : "done";
}

/** The annotation names the restore; sending it again, even unchanged, sends the workload through admission again. */
async function requestInjection(
  ports: RestoreActPorts,
  key: string,
  object: RestoreObject,
  ref: ResolvedTargetRef,
): Promise<ActOutcome> {
  if (!isWorkloadKind(ref.kind)) return "done";
  ports.memories.own(key).askedAtMs.set(targetKey(ref), ports.monotonicMs);
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
