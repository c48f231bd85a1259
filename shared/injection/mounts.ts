/** The volumes of the workload that the injected container mounts: what all its members ask for, united. */
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import { normalPath } from "../paths.ts";
import { formatTarget, type ResolvedTargetRef } from "../target/ref.ts";
import { applicationVolumeNames } from "./own-parts.ts";
import { findUnusableMount, type MountingSettings } from "./unusable-mounts.ts";
import type { InjectionProblem } from "./view.ts";
import type { WorkloadFacts } from "./workload.ts";

/**
 * Finds a mount whose volume the workload's pods will not have, or that a kubelet can't make in our container: the API server would refuse
 * the whole workload, or its pods would never start.
 *
 * @param settings of the container that is to mount
 */
export function findMountProblem(
  workload: WorkloadFacts,
  ref: ResolvedTargetRef,
  { volumeMounts: mounts, settings }: MountingSettings,
  who: string,
): InjectionProblem | undefined {
  if (mounts.length === 0) return undefined;
  const known = applicationVolumeNames(workload.podTemplate);
  const missing = mounts.filter(({ name }) => !known.has(name) && !workload.claimTemplateNames.includes(name));
  if (missing.length === 0) return findUnusableMount(workload, { volumeMounts: mounts, settings }, who);
  const names = [...new Set(missing.map(({ name }) => name))].join(", ");
  const choices = [...known, ...workload.claimTemplateNames].sort().join(", ");
  return {
    reason: "VolumeMissing",
    message: `${who} mounts ${names}, which ${formatTarget(ref)} does not have`,
    next: choices === "" ? "Add the volume to the pod template." : `Name one of its volumes: ${choices}.`,
  };
}

/** What is mounted at a place of a container. */
export interface MountPlace {
  /** As placeOf() has it. */
  readonly path: string;
  /** As it was written. */
  readonly mountPath: string;
  readonly volume: string;
  /** As sourceOf() has it. */
  readonly source: string;
}

/** The volume and the place in it; whether it may be written does not matter. */
export function sourceOf({ name, subPath, subPathExpr }: MountSource): string {
  return JSON.stringify([name, subPath ?? "", subPathExpr ?? ""]);
}

/** Name of the volume. */
export function volumeOf(source: string): string {
  const parts: unknown = JSON.parse(source);
  const name: unknown = Array.isArray(parts) ? parts[0] : undefined;
  return typeof name === "string" ? name : "";
}

interface MountSource {
  readonly name: string;
  readonly subPath?: string | undefined;
  readonly subPathExpr?: string | undefined;
}

/**
 * One list of mounts from several. Fields are kept whole; a mount path is used once, since the API server refuses
 * a container that uses it twice. Of two that want one place the first has it; findContested() says who lost it.
 *
 * @param reserved mount paths that are taken already
 */
export function uniteMounts(
  lists: readonly (readonly VolumeMount[])[],
  reserved: readonly string[],
): readonly VolumeMount[] {
  const taken = new Set(reserved.map(placeOf));
  return lists.flat().filter(({ mountPath }) => {
    const path = placeOf(mountPath);
    if (taken.has(path)) return false;
    taken.add(path);
    return true;
  });
}

/**
 * A mount path in the form in which two of them can be compared: `/a`, `/a/`, `//a` and `/a/.` are one place to a kubelet.
 */
export function placeOf(path: string): string {
  const place = normalPath(path);
  return place.length > 1 && place.endsWith("/") ? place.slice(0, -1) : place;
}
