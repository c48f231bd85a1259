/** Reads what conditions and phase of an invoker are computed from. */
import type { Clock } from "../../shared/clock.ts";
import { Driver } from "../../shared/contract.ts";
import { formatUserError } from "../../shared/errors.ts";
import { appliedHashes } from "../../shared/injection/own-parts.ts";
import { pullSecretsBeside } from "../../shared/injection/pull-secrets.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { type BackupInvokerView, type BackupMemberView, formatInvoker } from "../../shared/invoker/object.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import { EMPTY_TARGET_KIND, targetKey } from "../../shared/target/ref.ts";
import { whyOutside } from "../authority.ts";
import { findTroubleOf, wantedFor } from "../injection/gather.ts";
import type { InjectionRecord } from "../injection/record.ts";
import type { Refusal } from "../injection/refusal.ts";
import { isInjectionCurrent } from "../injection/state.ts";
import type { TargetMemory } from "../injection/target-memory.ts";
import type { Trigger } from "../schedule/ensure-trigger.ts";
import type { World } from "../world/informers.ts";
import { gatherInvoker } from "../world/invokers.ts";
import { ownPods, type WorkloadObject } from "../world/workload-object.ts";
import type { Lookup, Lookups } from "./lookups.ts";
import type { BackupInvokerObject } from "./related.ts";
import { podsLacking, type SidecarFacts, whyKept } from "./sidecar-condition.ts";
import type { InvokerStatusView, MemberStatusView } from "./status-view.ts";
import { findWorkload, parseWorkloadKey } from "./workload-key.ts";

export interface StatusPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "list">;
  readonly lookups: Lookups;
  readonly records: TargetMemory<InjectionRecord>;
  readonly refusals: TargetMemory<Refusal>;
  /** How many others are restarting, of targets that wait for them. */
  readonly queued?: TargetMemory<number>;
  readonly clock: Pick<Clock, "now">;
  readonly settings: InjectionSettings;
  /** Makes sure that something triggers the sessions. */
  readonly trigger: Trigger;
}

export async function gatherInvokerStatus(
  ports: StatusPorts,
  object: BackupInvokerObject,
  signal: AbortSignal,
): Promise<InvokerStatusView> {
  const { world, lookups } = ports;
  const { view: invoker, refusals } = gatherInvoker(world, object);
  const { repository: name } = invoker;
  const repository = name && world.repositories.get(name.namespace, name.name);
  const secretName = repository?.spec.backend?.storageSecretName;
  const secret =
    repository !== undefined && secretName
      ? await lookups.secret(repository.metadata.namespace, secretName)
      : undefined;
  const members = await Promise.all(
    invoker.members.map((member) => gatherMember(ports, invoker, member, refusals.get(targetKey(member.ref)), signal)),
  );
  return {
    invoker,
    conditions: object.status?.conditions ?? [],
    memberConditions: (object.kind === "BackupBatch" ? object.status?.memberConditions : undefined) ?? [],
    repository,
    secret,
    namespaceLabels: world.namespaces.get(undefined, invoker.namespace)?.labels ?? {},
    trigger: await ports.trigger.ensure(object, signal),
    members,
  };
}

async function gatherMember(
  ports: StatusPorts,
  invoker: BackupInvokerView,
  member: BackupMemberView,
  unreadable: string | undefined,
  signal: AbortSignal,
): Promise<MemberStatusView> {
  if (member.ref.kind === EMPTY_TARGET_KIND) return { member, target: "found", sidecar: undefined };
  // Whether something is in another namespace is not this one's to know.
  const outside = whyOutside(invoker.namespace, member);
  if (outside !== undefined) return { member, target: { unknown: formatUserError(outside) }, sidecar: undefined };
  if (member.ref.namespace !== invoker.namespace) return { member, target: "found", sidecar: undefined };
  const id = parseWorkloadKey(targetKey(member.ref));
  if (id === undefined) return { member, target: await ports.lookups.target(member.ref), sidecar: undefined };
  const workload = findWorkload(ports.world, id);
  const isThere = workload !== undefined && !workload.facts.isBeingDeleted;
  const target: Lookup = isThere ? "found" : "missing";
  if (!isThere || !member.isSidecarModel || invoker.driver !== Driver.Restic) {
    return { member, target, sidecar: undefined };
  }
  const sidecar = await gatherSidecar(ports, workload, unreadable, signal);
  return { member, target, sidecar: { ...sidecar, invoker: formatInvoker(invoker) } };
}

async function gatherSidecar(
  { world, client, records, refusals, queued, settings, clock }: StatusPorts,
  workload: WorkloadObject,
  unreadable: string | undefined,
  signal: AbortSignal,
): Promise<SidecarFacts> {
  const wanted = wantedFor(world, workload.facts, settings);
  const pods = ownPods(workload, world.pods.list(workload.facts.namespace));
  const target = targetKey(workload.facts);
  const facts = {
    workload,
    wanted,
    unreadable,
    pods,
    record: records.get(target),
    refusal: refusals.get(target),
    waitsForOthers: queued?.get(target),
    trouble: findTroubleOf(world, workload, wanted, clock.now()),
    pullSecrets: pullSecretsBeside(settings, workload.facts.namespace),
  };
  const isKept =
    whyKept(workload) !== undefined &&
    isInjectionCurrent(workload.facts, wanted) &&
    podsLacking({ workload, wanted, pods }) > 0;
  return { ...facts, keptPods: isKept ? await findKeptPods(client, workload, wanted.plan.backup?.hash, signal) : [] };
}

/** Names of the workload's pods that lack the present container; informers hold only pods that carry one. */
async function findKeptPods(
  client: Pick<KubeClient, "list">,
  workload: WorkloadObject,
  hash: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const read = (pod: unknown) => ({
    name: textAt(pod, "metadata", "name") ?? "",
    hash: appliedHashes(pod).backup,
    isOwned: listAt(pod, "metadata", "ownerReferences").some((owner) => valueAt(owner, "controller") === true),
  });
  const labelSelector = formatSelector(workload);
  const { items } = await client.list(PODS, workload.facts.namespace, read, { labelSelector, signal });
  return items
    .filter((pod) => pod.isOwned && pod.hash !== hash)
    .map(({ name }) => name)
    .sort();
}

/** The selector's exact labels; its expressions only narrow what they find, and workloads hardly ever have any. */
function formatSelector({ selector }: WorkloadObject): string {
  return Object.entries(selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
