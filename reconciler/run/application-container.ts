/** Which containers of a pod are the application: proxies and the like are injected beside it, often as the first. Pure. */
import { listAt, textAt, valueAt } from "../../shared/kube/json-value.ts";

/** By which a workload's owner tells kubectl the same. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

function volumesOf(container: unknown): readonly string[] {
  return listAt(container, "volumeMounts").flatMap((mount) => textAt(mount, "name") ?? []);
}

/**
 * Names of a pod's containers: the one that `kubectl` takes by default, those that have a volume in common with ours, the others.
 *
 * @param pod as the API server sends it
 * @param ours names of our own containers, which are left out
 */
export function applicationContainers(pod: unknown, ours: readonly string[] = []): readonly string[] {
  const all = listAt(pod, "spec", "containers");
  const own = [...all, ...listAt(pod, "spec", "initContainers")].filter((one) =>
    ours.includes(textAt(one, "name") ?? ""),
  );
  const shared = new Set(own.flatMap(volumesOf));
  const named = valueAt(pod, "metadata", "annotations", DEFAULT_CONTAINER);
  const rankOf = (container: unknown): number => {
    if (textAt(container, "name") === named) return 0;
    return volumesOf(container).some((volume) => shared.has(volume)) ? 1 : 2;
  };
  return all
    .filter((one) => !own.includes(one))
    .sort((a, b) => rankOf(a) - rankOf(b))
    .flatMap((container) => textAt(container, "name") ?? []);
}
