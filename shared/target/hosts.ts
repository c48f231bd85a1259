/** Host names: one unit of data with its own snapshots. restic's `--host`, and the key of a host's entry in the status. */

export interface HostSource {
  readonly kind: string;
  readonly alias?: string | undefined;
  /** StatefulSet: ordinal of the pod; also the ordinal of PVCs made from claim templates. */
  readonly ordinal?: number;
  /** DaemonSet: node of the pod. */
  readonly nodeName?: string;
}

/**
 * Host name by upstream's rules: `<alias>-<ordinal>` or `host-<ordinal>` in a StatefulSet, `<alias>-<node>` or `<node>`
 * in a DaemonSet, else the alias or `host-0`.
 *
 * @returns undefined when the pod does not tell its ordinal or node yet
 */
export function hostName(source: HostSource): string | undefined {
  const alias = source.alias || undefined;
  if (source.kind === "StatefulSet") {
    return source.ordinal === undefined ? undefined : `${alias ?? "host"}-${source.ordinal}`;
  }
  if (source.kind === "DaemonSet") {
    if (source.nodeName === undefined || source.nodeName === "") return undefined;
    return alias === undefined ? source.nodeName : `${alias}-${source.nodeName}`;
  }
  return alias ?? "host-0";
}

/** Ordinal of a StatefulSet's pod: the number after the last dash of its name. */
export function podOrdinal(podName: string): number | undefined {
  const match = /-(\d+)$/.exec(podName);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
