/** Values that a pod may ask of itself: fieldRef and resourceFieldRef of env and of downward API volumes. Pure. */
import type { V1Container, V1Pod, V1ResourceFieldSelector } from "@kubernetes/client-node";

/** What the node knows of a pod before the API server does. */
export interface PodFacts {
  readonly nodeName: string;
  readonly hostIp: string;
  readonly podIp: string;
  /** Allocatable of the node, the limit of containers that set none. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** @throws Error when the field is none that can be asked for */
export function readField(pod: V1Pod, facts: PodFacts, fieldPath: string): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const [, map, key = ""] = subscript;
    return (map === "labels" ? pod.metadata?.labels?.[key] : pod.metadata?.annotations?.[key]) ?? "";
  }
  switch (fieldPath) {
    case "metadata.name":
      return pod.metadata?.name ?? "";
    case "metadata.namespace":
      return pod.metadata?.namespace ?? "";
    case "metadata.uid":
      return pod.metadata?.uid ?? "";
    case "metadata.labels":
      return formatMap(pod.metadata?.labels ?? {});
    case "metadata.annotations":
      return formatMap(pod.metadata?.annotations ?? {});
    case "spec.nodeName":
      return facts.nodeName;
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "default";
    case "status.hostIP":
    case "status.hostIPs":
      return facts.hostIp;
    case "status.podIP":
    case "status.podIPs":
      return facts.podIp;
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

/** One `key="value"` a line, sorted, as downward API files have it. */
function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join("\n");
}

/** Whole units of the divisor, rounded up. @throws Error when the resource or the container is unknown */
export function readResource(
  pod: V1Pod,
  facts: PodFacts,
  selector: V1ResourceFieldSelector,
  own?: V1Container,
): string {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const container =
    selector.containerName === undefined ? own : containers.find(({ name }) => name === selector.containerName);
  if (container === undefined) throw new Error(`no container ${selector.containerName ?? ""}`);
  const [kind, resource = ""] = selector.resource.split(".");
  const limit = container.resources?.limits?.[resource];
  const given = kind === "limits" ? limit : (container.resources?.requests?.[resource] ?? limit);
  const whole: Readonly<Record<string, number>> = { cpu: facts.cpus, memory: facts.memoryBytes };
  const amount = given === undefined ? (whole[resource] ?? 0) : parseQuantity(given);
  const divisor = parseQuantity(`${selector.divisor ?? "1"}`);
  return `${Math.ceil(amount / (divisor === 0 ? 1 : divisor))}`;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Reads a Kubernetes quantity such as `100m` or `64Mi`. @throws Error when it is none */
export function parseQuantity(text: string): number {
  const match = /^([0-9.]+(?:e[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti|)$/.exec(text);
  if (match === null) throw new Error(`${text} is no quantity`);
  return Number(match[1]) * (SUFFIXES[match[2] ?? ""] ?? 1);
}
