/**
 * Volumes of the application that lie within another one in its containers, and not in our sidecar: there their place is an empty folder,
 * and a backup of the outer volume holds nothing of them.
 */
import { placeOf, sourceOf } from "../../shared/injection/mounts.ts";
import { isOwnContainer } from "../../shared/injection/own-parts.ts";
import { type JsonObject, objectsAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";
import { isWithin } from "../../shared/paths.ts";
import type { NestedMount } from "../run/world.ts";

/** What is made anew with each pod, or comes from elsewhere: no data of the application. */
const NO_DATA: readonly string[] = ["emptyDir", "configMap", "secret", "projected", "downwardAPI", "image"];

interface Place {
  readonly path: string;
  readonly volume: string;
  readonly source: string;
}

function placesOf(container: JsonObject): readonly Place[] {
  return objectsAt(container, "volumeMounts").map((mount) => {
    const volume = textAt(mount, "name") ?? "";
    const [subPath, subPathExpr] = [textAt(mount, "subPath"), textAt(mount, "subPathExpr")];
    return {
      path: placeOf(textAt(mount, "mountPath") ?? ""),
      volume,
      source: sourceOf({ name: volume, subPath, subPathExpr }),
    };
  });
}

/**
 * @param mounted sources in the sidecar, by their places
 * @returns undefined where there are none
 */
export function readNestedMounts(
  raw: unknown,
  mounted: ReadonlyMap<string, string>,
): readonly NestedMount[] | undefined {
  const served = new Set(mounted.values());
  const isData = (name: string) =>
    objectsAt(raw, "spec", "volumes").some(
      (volume) => volume["name"] === name && NO_DATA.every((kind) => volume[kind] === undefined),
    );
  const found = new Map<string, NestedMount>();
  for (const container of objectsAt(raw, "spec", "containers").filter((one) => !isOwnContainer(one))) {
    const places = placesOf(container);
    for (const outer of places.filter(({ source }) => served.has(source))) {
      for (const inner of places) {
        const isNested = inner.path !== outer.path && isWithin(inner.path, outer.path);
        if (!isNested || served.has(inner.source) || !isData(inner.volume)) continue;
        const below = inner.path.slice(outer.path === "/" ? 0 : outer.path.length);
        found.set(`${outer.source}${below}`, { outer: outer.source, below, volume: inner.volume, path: inner.path });
      }
    }
  }
  return found.size === 0 ? undefined : [...found.values()];
}
