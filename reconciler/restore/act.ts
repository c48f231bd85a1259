/** Carries out what was decided for restores alone. */
import { Annotation } from "../../shared/contract.ts";
import { assertNever } from "../../shared/errors.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { WORKLOADS } from "../../shared/kube/resources.ts";
import { formatTarget, type ResolvedTargetRef, targetKey } from "../../shared/target/ref.ts";
import { patchNamed } from "../authority.ts";
import { proveRestore } from "../injection/prove.ts";
import { isNews } from "../jobs/of-target.ts";
import { POINT_SEARCH } from "../jobs/point-search.ts";
import { jobOrderOf } from "../run/act.ts";
import { runTargets } from "../run/facts.ts";
import type { ActOutcome, ActPorts } from "../run/kind.ts";
import { runOwnerOf } from "../run/view.ts";
import { isWorkloadKind, readWorkloadObject } from "../world/workload-object.ts";
import type { RestoreMemory } from "./gather.ts";
import { lookAtPods } from "./look-at-pods.ts";
import type { RestoreObject } from "./status.ts";
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
      return ensureJobs(ports, view, action);
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
async function ensureJobs(
  ports: RestoreActPorts,
  view: RestoreView,
  { targetIndex, inUse }: Extract<OwnAction, { readonly kind: "EnsureJobs" }>,
): Promise<ActOutcome> {
  const target = runTargets(view.status)[targetIndex];
  const member = target && memberOf(view, target);
  if (member === undefined) return "done";
  const known = ports.jobs.problems(view.invoker.uid).get(targetIndex);
  await ports.jobs.makeRestoreJobs({
    ...jobOrderOf(view, ports.clock.now()),
    invoker: view.invoker,
    member: { ...member, index: targetIndex },
  });
  // L53: whether they mind is theirs to know; that they run must not go unsaid.
  if (inUse !== undefined && !ports.jobs.problems(view.invoker.uid).has(targetIndex)) {
    const message = `${formatTarget(member.ref)} is restored though ${inUse}`;
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
  const memory = ports.memories.own(key);
  const ask = { [Annotation.RequestedRestore]: object.metadata.uid ?? "" };
  memory.askedAtMs.set(targetKey(ref), ports.monotonicMs);
  const words = await whyRefused(ports, object, ref, ask);
  const isNews = words !== memory.refusals.get(targetKey(ref));
  if (words !== undefined) {
    memory.refusals.set(targetKey(ref), words);
    if (isNews) tellRefusal(ports, key, object, ref, words);
    return isNews ? "again" : "done";
  }
  memory.refusals.delete(targetKey(ref));
  const body = { metadata: { annotations: ask } };
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

/** What the cluster says to a dry run of a pod with the init-container: a pod that can't be made must not replace one that runs. */
async function whyRefused(
  { client, signal, log }: RestoreActPorts,
  object: RestoreObject,
  ref: ResolvedTargetRef,
  ask: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const { kind, name } = ref;
  const { namespace } = object.metadata;
  if (!isWorkloadKind(kind) || ref.namespace !== namespace) return undefined;
  const read = (raw: unknown) => readWorkloadObject(kind, raw);
  const workload = await client.find(WORKLOADS[kind], namespace, name, read, { signal });
  if (workload === undefined) return undefined;
  const proof = await proveRestore(client, { kind, namespace, name }, workload, ask, signal);
  if (proof.kind === "Refused") return proof.words;
  if (proof.kind === "Unknown") log.warn({ target: formatTarget(ref), error: proof.words }, "no dry run of the pods");
  return undefined;
}

function tellRefusal(
  { events, log }: RestoreActPorts,
  key: string,
  object: RestoreObject,
  ref: ResolvedTargetRef,
  words: string,
): void {
  log.warn(
    { restore: key, target: formatTarget(ref), error: words },
    "the cluster refuses pods with the init-container",
  );
  const message = `${formatTarget(ref)} is not restored yet, since its pods would be refused: ${words}`;
  events.record(runOwnerOf(object), "Warning", "InjectionRefusedByCluster", message);
}
