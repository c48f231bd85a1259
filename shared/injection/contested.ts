/**
 * Places in the one container that several members, or a member and ours, want for different things. The first use has the place; whoever
 * comes later must not be saved from, or into, another's volume. Pure.
 */
import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { Repository } from "../api/repository.ts";
import { formatInvoker } from "../invoker/object.ts";
import { backendVolumes } from "./backend-volume.ts";
import { type MountPlace, placeOf, sourceOf } from "./mounts.ts";
import type { InjectionProblem } from "./view.ts";

interface Wisher {
  readonly invoker: Parameters<typeof formatInvoker>[0];
  readonly repository: Repository | undefined;
  readonly volumeMounts: readonly VolumeMount[];
}

/** What a member needs to find in its container: the volumes of its backend, and its own. */
export function wantedPlaces(
  repository: Repository | undefined,
  namespace: string,
  volumeMounts: readonly VolumeMount[],
): readonly MountPlace[] {
  const backend = repository === undefined ? [] : backendVolumes(repository, namespace).map(({ mount }) => mount);
  return [...backend, ...volumeMounts].map((mount) => ({
    path: placeOf(mount.mountPath),
    mountPath: mount.mountPath,
    volume: mount.name,
    source: sourceOf(mount),
  }));
}

/**
 * Members that don't get what they want at a place.
 *
 * @param wishers in the order in which places are given
 * @param reserved places that are taken already, and by nobody's volume
 */
export function findContested(
  wishers: readonly Wisher[],
  namespace: string,
  reserved: readonly string[],
): readonly InjectionProblem[] {
  const taken = new Map<string, MountPlace | undefined>(reserved.map((path) => [placeOf(path), undefined]));
  // Backends come first, whosever they are: the agent works with them.
  for (const { repository } of wishers) {
    for (const place of wantedPlaces(repository, namespace, []))
      if (!taken.has(place.path)) taken.set(place.path, place);
  }
  return wishers.flatMap(({ invoker, repository, volumeMounts }) => {
    let lost: { readonly wanted: MountPlace; readonly has: MountPlace | undefined } | undefined;
    for (const place of wantedPlaces(repository, namespace, volumeMounts)) {
      if (!taken.has(place.path)) taken.set(place.path, place);
      const has = taken.get(place.path);
      if (has?.source !== place.source) lost ??= { wanted: place, has };
    }
    return lost === undefined ? [] : [contested(formatInvoker(invoker), lost.wanted, lost.has)];
  });
}

function contested(who: string, wanted: MountPlace, has: MountPlace | undefined): InjectionProblem {
  const holder = has === undefined ? "the agent needs it for itself" : `volume ${has.volume} has it`;
  return {
    reason: "MountTaken",
    message: `${who}: mount path ${wanted.mountPath} is wanted twice: ${holder}, and volume ${wanted.volume} is not mounted there`,
    next: "Give the volume another mountPath, in volumeMounts and in paths.",
    invoker: who,
  };
}
