/**
 * Pods that have not begun, where a volume that injection brought may be why: a local backend's, whose server is away or whose claim no
 * node of the pod's can have. Volumes of ours that can't fail, such as optional Secrets, are not looked at.
 */
import { isOwnVolumeName } from "../../shared/injection/own-parts.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";

export interface VolumeWait {
  /** The scheduler's words, or that nothing has begun. */
  readonly words: string;
  /** Names of the volumes that have still to be shown to be why; the scheduler's words need no more. */
  readonly volumes?: readonly string[];
}

/** @returns undefined for a pod that has begun, has no such volume, or waits for something else */
export function readVolumeWait(raw: unknown): VolumeWait | undefined {
  if (textAt(raw, "status", "phase") !== "Pending" || hasBegun(raw)) return undefined;
  const volumes = objectsAt(raw, "spec", "volumes").filter(mayFail);
  if (volumes.length === 0) return undefined;
  if (textAt(raw, "spec", "nodeName")) {
    return { words: "nothing in it has begun yet", volumes: volumes.map(({ name }) => String(name)) };
  }
  const words = textAt(findCondition(raw, "PodScheduled"), "message") ?? "";
  return isForClaim(words, volumes) ? { words } : undefined;
}

/** Kubelets make the pod's first container when all its volumes are there. */
function hasBegun(raw: unknown): boolean {
  const statuses = ["initContainerStatuses", "containerStatuses"].flatMap((list) => listAt(raw, "status", list));
  return statuses.some((status) => {
    const reason = textAt(status, "state", "waiting", "reason");
    return reason !== "ContainerCreating" && reason !== "PodInitializing";
  });
}

/** Secrets of ours are optional, and an empty folder is there unless it is to be of huge pages. */
function mayFail(volume: JsonObject): boolean {
  const { name, secret, projected, emptyDir } = volume;
  if (typeof name !== "string" || !isOwnVolumeName(name) || secret !== undefined || projected !== undefined)
    return false;
  return emptyDir === undefined || (textAt(emptyDir, "medium") ?? "").startsWith("HugePages");
}

/** The scheduler names a claim that is missing, and else only says that volumes are why. */
function isForClaim(words: string, volumes: readonly JsonObject[]): boolean {
  const own = volumes.flatMap((volume) => textAt(volume, "persistentVolumeClaim", "claimName") ?? []);
  const named = [...words.matchAll(/persistentvolumeclaim "([^"]{1,253})"/g)].map(([, name]) => name ?? "");
  if (own.length === 0) return false;
  return named.length > 0 ? named.every((name) => own.includes(name)) : /volume/i.test(words);
}

function findCondition(raw: unknown, type: string): unknown {
  return listAt(raw, "status", "conditions").find((condition) => valueAt(condition, "type") === type);
}
