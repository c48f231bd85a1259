/** Which of a pod's containers is the application's: injected proxies may stand before it. Pure. */
import { Container } from "../../shared/contract.ts";
import { isOwnContainer, isOwnVolumeName, mountedVolumes } from "../../shared/injection/own-parts.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt } from "../../shared/json/value.ts";

const OURS: readonly string[] = [Container.Sidecar, Container.RestoreInit];

/** Which container of a pod is meant by one who names none, as kubectl has it. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/**
 * Names of the application's containers in their order, the main one first: a proxy may stand before it. That is the one that the pod's
 * annotation names, else the first that mounts what ours mounts too.
 */
export function applicationNames(raw: unknown): readonly string[] {
  const all = objectsAt(raw, "spec", "containers");
  const others = all.filter((container) => !OURS.includes(textAt(container, "name") ?? ""));
  const named = textAt(raw, "metadata", "annotations", DEFAULT_CONTAINER);
  const ours = [...all, ...objectsAt(raw, "spec", "initContainers")].filter(
    (one) => !others.includes(one) && isOwnContainer(one),
  );
  const data = mountedVolumes(ours);
  const main =
    others.find((container) => textAt(container, "name") === named) ??
    others.find((container) =>
      [...mountedVolumes([container])].some((name) => data.has(name) && !isOwnVolumeName(name)),
    );
  const names = others.flatMap((container) => textAt(container, "name") ?? []);
  const first = textAt(main, "name");
  return first === undefined ? names : [first, ...names.filter((name) => name !== first)];
}
