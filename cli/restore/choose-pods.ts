/** In which pod the dry run of a snapshot's restore is made: the one that the host has now. Pure. */
import { Container, Volume } from "../../shared/contract.ts";
import type { RestoreMemberView } from "../../shared/invoker/object.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { hostName, podOrdinal } from "../../shared/target/hosts.ts";

export interface SidecarPod {
  readonly name: string;
  readonly host: string;
  /** Undefined where the image's own entry point counts. */
  readonly command: readonly string[] | undefined;
}

/** Pods of a workload whose sidecar runs, newest first. */
export function sidecarPods(pods: readonly unknown[], member: RestoreMemberView): readonly SidecarPod[] {
  const byAge = (a: unknown, b: unknown) =>
    (textAt(b, "metadata", "creationTimestamp") ?? "").localeCompare(textAt(a, "metadata", "creationTimestamp") ?? "");
  return [...pods].sort(byAge).flatMap((pod): SidecarPod[] => {
    const name = textAt(pod, "metadata", "name") ?? "";
    const isOurs = listAt(pod, "spec", "volumes").some((volume) => textAt(volume, "name") === Volume.Identity);
    const isNamed = (one: unknown) => textAt(one, "name") === Container.Sidecar;
    const status = [...listAt(pod, "status", "containerStatuses"), ...listAt(pod, "status", "initContainerStatuses")];
    const isRunning = valueAt(status.find(isNamed), "state", "running") !== undefined;
    const isEnding = valueAt(pod, "metadata", "deletionTimestamp") !== undefined;
    if (!isOurs || !isRunning || isEnding) return [];
    const ordinal = podOrdinal(name);
    const host = hostName({
      kind: member.ref.kind,
      alias: member.alias,
      ...(ordinal !== undefined && { ordinal }),
      nodeName: textAt(pod, "spec", "nodeName") ?? "",
    });
    const containers = [...listAt(pod, "spec", "containers"), ...listAt(pod, "spec", "initContainers")];
    const command = listAt(containers.find(isNamed), "command").map(String);
    return [{ name, host: host ?? "", command: command.length === 0 ? undefined : command }];
  });
}

/** Labels by which a workload finds its pods; undefined where it asks for more than labels. */
export function podSelector(workload: unknown): string | undefined {
  const labels = valueAt(workload, "spec", "selector", "matchLabels");
  if (!isJsonObject(labels) || listAt(workload, "spec", "selector", "matchExpressions").length > 0) return undefined;
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
}
