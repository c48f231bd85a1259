/** The backup half of the decision; the table is in decide.ts. */
import { Annotation } from "../shared/contract.ts";
import { isAsPlanned } from "../shared/injection/as-planned.ts";
import { keepsSidecar } from "../shared/injection/opt-out.ts";
import { appliedHashes, containersOf, isSidecar } from "../shared/injection/own-parts.ts";
import type { BackupPlan, InjectionPlan } from "../shared/injection/plan.ts";
import type { TextMap } from "../shared/injection/workload.ts";
import { type JsonObject, namesOf, objectsAt } from "../shared/injection/workload.ts";
import { isSameJson } from "../shared/json/same.ts";
import { listAt, textAt } from "../shared/json/value.ts";
import type { InjectionReason } from "../shared/reasons.ts";
import { withSidecar } from "./inject/with.ts";
import { withoutSidecar } from "./inject/without.ts";

export interface Step {
  readonly reason: InjectionReason;
  readonly podTemplate: JsonObject;
}

export interface BackupStepInput {
  readonly podTemplate: JsonObject;
  readonly oldPodTemplate: JsonObject | undefined;
  readonly annotations: TextMap;
  readonly plan: InjectionPlan;
  /** The workload is new, or its owner changes the template. */
  readonly isOwnChange: () => boolean;
  readonly image: string;
  readonly claimTemplateNames: readonly string[];
}

/** No invoker wants a container in the pods. */
const WANTS_NONE: readonly InjectionReason[] = [
  "NoInvoker",
  "BatchMissing",
  "BlueprintMissing",
  "JobModel",
  "OtherDriver",
];

/** Decides on the sidecar, and builds the template that follows. */
export function decideBackup(input: BackupStepInput): Step {
  const { podTemplate, plan, claimTemplateNames } = input;
  if (plan.backup !== undefined) return decideWanted(input, plan.backup);
  const sidecar = findSidecar(podTemplate);
  if (sidecar === undefined) return { reason: plan.reason, podTemplate: withoutSidecar(podTemplate) };
  const mayStay = keepsSidecar(plan.reason) && hasItsVolumes(sidecar, podTemplate, claimTemplateNames);
  if (mayStay) return { reason: plan.reason, podTemplate };
  const reason = WANTS_NONE.includes(plan.reason) ? "Removed" : plan.reason;
  return { reason, podTemplate: withoutSidecar(podTemplate) };
}

function decideWanted(input: BackupStepInput, plan: BackupPlan): Step {
  const { podTemplate, oldPodTemplate, isOwnChange, image } = input;
  const sidecar = findSidecar(podTemplate);
  const former = formerSidecar(oldPodTemplate, plan);
  const isSameHash =
    appliedHashes(sidecar === undefined ? (oldPodTemplate ?? podTemplate) : podTemplate).backup === plan.hash;
  const found = sidecar ?? former;
  const isForeign = isForeignImage(sidecar, former, image);
  const running = readWorn(found, isForeign ? former : found);
  const wanted: Worn = { image, resources: plan.container["resources"] };
  // A new image or other defaults alone restart nobody: they wait for a change that restarts the pods anyway.
  const mayStay = isSameHash && running !== undefined && (isSameJson(running, wanted) || !isOwnChange());
  const isWhole =
    sidecar !== undefined &&
    !isForeign &&
    isPlaced(podTemplate, plan) &&
    isAsPlanned(sidecar, podTemplate, plan, image);
  if (mayStay && isWhole) return { reason: "UpToDate", podTemplate };
  const reason = sidecar === undefined ? "Injected" : isUpstreams(sidecar, input.annotations) ? "Adopted" : "Refreshed";
  return {
    reason,
    podTemplate: mayStay
      ? withSidecar(podTemplate, plan, running.image, running.resources)
      : withSidecar(podTemplate, plan, image),
  };
}

/** The sidecar before an update, where it was made from the same. */
function formerSidecar(oldPodTemplate: JsonObject | undefined, plan: BackupPlan): JsonObject | undefined {
  if (oldPodTemplate === undefined || appliedHashes(oldPodTemplate).backup !== plan.hash) return undefined;
  return findSidecar(oldPodTemplate);
}

/**
 * Whether an update brings an image that is neither the one before nor the one that is injected now. The same one from another registry
 * is none: other webhooks send images through a mirror.
 */
function isForeignImage(sidecar: JsonObject | undefined, former: JsonObject | undefined, image: string): boolean {
  if (sidecar === undefined || former === undefined) return false;
  const found = lastPart(sidecar["image"]);
  return found !== lastPart(former["image"]) && found !== lastPart(image);
}

/** Name and tag, or name and digest. */
function lastPart(image: unknown): string {
  return typeof image === "string" ? image.slice(image.lastIndexOf("/") + 1) : "";
}

/** What a container keeps while its hash stays, though the installation says otherwise by now. */
interface Worn {
  readonly image: string;
  readonly resources: unknown;
}

function readWorn(sidecar: JsonObject | undefined, ofImage: JsonObject | undefined): Worn | undefined {
  const image = textAt(ofImage, "image");
  return image === undefined ? undefined : { image, resources: sidecar?.["resources"] ?? {} };
}

function findSidecar(podTemplate: JsonObject): JsonObject | undefined {
  return containersOf(podTemplate).find(isSidecar);
}

/** The sidecar stands in the list that the plan says, and every volume of the plan is there. */
function isPlaced(podTemplate: JsonObject, plan: BackupPlan): boolean {
  const home = objectsAt(podTemplate, "spec", plan.isNative ? "initContainers" : "containers");
  const volumes = namesOf(listAt(podTemplate, "spec", "volumes"));
  return home.some(isSidecar) && namesOf(plan.volumes).every((name) => volumes.includes(name));
}

/** A container that mounts a volume which is gone would make the API server refuse the owner's change. */
export function hasItsVolumes(container: JsonObject, podTemplate: JsonObject, claims: readonly string[]): boolean {
  const volumes = new Set([...namesOf(listAt(podTemplate, "spec", "volumes")), ...claims]);
  return namesOf(listAt(container, "volumeMounts")).every((name) => volumes.has(name));
}

/** Upstream writes what it applied into the workload's annotations, and gives the container no address of its pod. */
function isUpstreams(sidecar: JsonObject, annotations: TextMap): boolean {
  const hasPodUid = namesOf(listAt(sidecar, "env")).includes("POD_UID");
  return annotations[Annotation.UpstreamBackupInvoker] !== undefined || !hasPodUid;
}
