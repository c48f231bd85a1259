/**
 * Places in the one container that several members, or a member and ours, want for different things. The first use has the place; whoever
 * comes later must not be saved from, or into, another's volume. Pure.
 */

import type { VolumeMount } from "../api/kubernetes/volume.ts";
import type { Repository } from "../api/repository.ts";
import { formatInvoker } from "../invoker/object.ts";
import { isWithin } from "../paths.ts";
import { backendVolumes } from "./backend-volume.ts";
import { type MountPlace, placeOf, sourceOf, volumeOf } from "./mounts.ts";
import { isOwnVolumeName } from "./own-parts.ts";
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
 * Members that don't get what they want at a place, or have another's volume over a folder of theirs.
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
  const losses = wishers.map(({ repository, volumeMounts }) => {
    let lost: Loss | undefined;
    for (const place of wantedPlaces(repository, namespace, volumeMounts)) {
      if (!taken.has(place.path)) taken.set(place.path, place);
      const has = taken.get(place.path);
      if (has?.source !== place.source) lost ??= { wanted: place, has };
    }
    return lost;
  });
  const mounted = new Map([...taken].flatMap(([path, place]) => (place === undefined ? [] : [[path, place.source]])));
  return wishers.flatMap(({ invoker, repository, volumeMounts }, at) => {
    const lost = losses[at];
    if (lost !== undefined) return [contested(formatInvoker(invoker), lost)];
    const covered = findCovered(wantedPlaces(repository, namespace, volumeMounts), mounted);
    return covered === undefined ? [] : [coveredBy(formatInvoker(invoker), covered)];
  });
}

interface Loss {
  readonly wanted: MountPlace;
  readonly has: MountPlace | undefined;
}

/** A folder of a member's volume over which another volume lies. */
export interface Covered {
  readonly wanted: MountPlace;
  readonly path: string;
  readonly volume: string;
}

/** The token that every pod gets lies where Kubernetes says, in nobody's data. */
const TOKEN_VOLUME = /^kube-api-access-/;

/**
 * What lies below the places of a member and is none of its own: there another's volume would be saved under the member's name, and
 * restored into the member's.
 *
 * @param mounted sources in the container, by their places
 */
export function findCovered(wanted: readonly MountPlace[], mounted: ReadonlyMap<string, string>): Covered | undefined {
  const own = new Set(wanted.map(({ path }) => path));
  for (const [path, source] of mounted) {
    const volume = volumeOf(source);
    if (own.has(path) || isOwnVolumeName(volume) || TOKEN_VOLUME.test(volume)) continue;
    const above = wanted.find((place) => isWithin(path, place.path));
    if (above !== undefined) return { wanted: above, path, volume };
  }
  return undefined;
}

function coveredBy(who: string, { wanted, path, volume }: Covered): InjectionProblem {
  return {
    reason: "MountTaken",
    message: `${who}: volume ${volume} of another member lies at ${path}, over a folder of volume ${wanted.volume} at ${wanted.mountPath}`,
    next: "Give one of the volumes a mountPath outside of the other's, in volumeMounts and in paths, or mount both in this member.",
    invoker: who,
  };
}

function contested(who: string, { wanted, has }: Loss): InjectionProblem {
  const holder = has === undefined ? "the agent needs it for itself" : `volume ${has.volume} has it`;
  return {
    reason: "MountTaken",
    message: `${who}: mount path ${wanted.mountPath} is wanted twice: ${holder}, and volume ${wanted.volume} is not mounted there`,
    next: "Give the volume another mountPath, in volumeMounts and in paths.",
    invoker: who,
  };
}
