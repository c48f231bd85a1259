/** Which volumes all replicas of a workload have in common. Pure. */
import { isOwnVolumeName } from "../../shared/injection/own-parts.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";

/** A folder of a node, or one that ends with its pod, is not the same for all. */
const SHARED_SOURCES: readonly string[] = ["persistentVolumeClaim", "nfs"];

/**
 * Whether a replica restores only claims and network disks that its pod template names: what was restored on one is there for all.
 *
 * @param mounts of its init-container, by place, as sourceOf() has them
 */
export function mountsSharedOnly(podTemplate: unknown, mounts: ReadonlyMap<string, string>): boolean {
  const volumes = listAt(podTemplate, "spec", "volumes");
  const namesOf = (found: readonly unknown[]) => found.map((volume) => textAt(volume, "name") ?? "");
  const shared = namesOf(
    volumes.filter((volume) => SHARED_SOURCES.some((source) => valueAt(volume, source) !== undefined)),
  );
  // A path with the pod's name in it is nobody else's.
  const isOf = (source: string) => (name: string) =>
    source.startsWith(`[${JSON.stringify(name)},`) && source.endsWith(`,""]`);
  const own = namesOf(volumes).filter(isOwnVolumeName);
  const wanted = [...mounts.values()].filter((source) => !own.some(isOf(source)));
  return wanted.length > 0 && wanted.every((source) => shared.some(isOf(source)));
}
