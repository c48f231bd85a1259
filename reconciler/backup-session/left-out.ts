/** What a host's paths mean to the application and do not hold in our container. Pure. */
import { isWithin, normalPaths } from "../../shared/paths.ts";
import type { PodFact } from "../run/world.ts";

/** More would not be read by anybody. */
const MAX_LEFT_OUT = 10;

/** One sentence for each volume that is not saved though a path of the application's holds it. */
export function leftOutOf(
  paths: readonly string[],
  { sidecar, nestedMounts = [] }: Pick<PodFact, "sidecar" | "nestedMounts">,
): readonly string[] {
  const mounted = [...(sidecar?.mounts ?? [])];
  const wanted = normalPaths(paths);
  const said = nestedMounts.flatMap(({ outer, below, volume, path }) => {
    const places = mounted
      .filter(([, source]) => source === outer)
      .map(([place]) => `${place === "/" ? "" : place}${below}`);
    const held = wanted.filter((one) => places.some((place) => isWithin(place, one) || isWithin(one, place)));
    return held.map(
      (one) =>
        `${one} lacks volume ${volume}, which the application has at ${path}, within what is saved (next: mount it in volumeMounts of the member at its place too)`,
    );
  });
  return [...new Set(said)].slice(0, MAX_LEFT_OUT);
}
