/** A pod's /etc/hosts, kept current while Services come, move and go. */
import type { V1Pod } from "@kubernetes/client-node";
import { LatestRun } from "../latest-run.ts";
import { overwriteHosts } from "../services/hosts-file.ts";
import { formatHosts } from "../services/service-names.ts";
import type { PodContext } from "./pod-context.ts";

export interface PodHostsOptions {
  readonly context: PodContext;
  readonly pod: V1Pod;
  readonly podIp: string;
  readonly hostname: string;
  /** The file, which exists. */
  readonly path: string;
}

/** @returns run that writes the file when its text has changed */
export function createPodHosts({ context, pod, podIp, hostname, path }: PodHostsOptions): LatestRun {
  const { services, endpoints, network } = context;
  let written = { text: "", bytes: 0 };
  return new LatestRun(async () => {
    const text = formatHosts({
      pod,
      podIp,
      hostname,
      services: services.list(),
      endpointsOf: (namespace, service) => endpoints.get(namespace, service),
      hasClusterIps: network.mode === "namespaces" && pod.spec?.hostNetwork !== true,
    });
    if (text === written.text) return;
    try {
      written = { text, bytes: await overwriteHosts(path, text, written.bytes) };
    } catch (error) {
      context.onError(error);
    }
  });
}
