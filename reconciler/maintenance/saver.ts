/** The pod that saved into a repository last, and as whom: whoever works on the repository later must be the same user. */
import type { HostRun } from "../../shared/api/host-run.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { Annotation, Container } from "../../shared/contract.ts";
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import type { World } from "../world/informers.ts";
import { gatherUsers, ordersOn, type UsersWorld } from "./users.ts";

export interface Saver {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string | undefined;
}

/** Of the pods that were ordered to save there, the newest that did. */
export function findSaver(
  world: UsersWorld & Pick<World, "pods" | "jobPods">,
  repository: Repository,
): Saver | undefined {
  const orders = gatherUsers(world, repository)
    .sessions.flatMap((session) => ordersOn(world, repository, session))
    .filter(({ spec, status }) => spec.work === "Backup" && status?.phase === "Succeeded");
  const [newest] = orders.sort((a, b) => assignedAtMs(b) - assignedAtMs(a));
  if (newest === undefined) return undefined;
  const { namespace } = newest.metadata;
  const { pod, node } = newest.spec;
  const known = [...world.pods.byIndex("uid", pod.uid), ...world.jobPods.byIndex("uid", pod.uid)];
  const present = known.find((one) => one.namespace === namespace);
  return { namespace, name: pod.name, uid: pod.uid, nodeName: node ?? present?.nodeName };
}

function assignedAtMs({ spec }: HostRun): number {
  return Date.parse(spec.assignedAt ?? "") || 0;
}

/** As whom a container runs. */
export interface Identity {
  readonly user: number;
  readonly group?: number | undefined;
  readonly fsGroup?: number | undefined;
}

/**
 * As whom our container in the pod runs.
 *
 * @returns undefined where the pod is gone, or says nothing of it
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function gatherIdentity(
  client: Pick<KubeClient, "find">,
  { namespace, name, uid }: Saver,
): Promise<Identity | undefined> {
  const read = (raw: unknown) => ({ identity: textAt(raw, "metadata", "uid") === uid ? readIdentity(raw) : undefined });
  return (await client.find(PODS, namespace, name, read))?.identity;
}

function readIdentity(pod: unknown): Identity | undefined {
  const ofJob = (textAt(pod, "metadata", "annotations", Annotation.JobOwnSteps) ?? "").split(",");
  const isOurs = (container: unknown): boolean => {
    const name = textAt(container, "name") ?? "";
    return name === Container.Sidecar || ofJob.includes(name);
  };
  const containers = [...listAt(pod, "spec", "containers"), ...listAt(pod, "spec", "initContainers")];
  const own = containers.find(isOurs);
  if (own === undefined) return undefined;
  const numberOf = (field: string) =>
    numberAt(own, "securityContext", field) ?? numberAt(pod, "spec", "securityContext", field);
  const user = numberOf("runAsUser");
  const fsGroup = numberAt(pod, "spec", "securityContext", "fsGroup");
  return user === undefined ? undefined : { user, group: numberOf("runAsGroup"), fsGroup };
}
