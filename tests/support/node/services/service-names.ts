/** The names that pods know each other by, as lines of /etc/hosts. Pure. */
import type { V1Endpoints, V1Pod, V1Service } from "@kubernetes/client-node";

export interface HostsView {
  readonly pod: V1Pod;
  readonly podIp: string;
  readonly hostname: string;
  readonly services: readonly V1Service[];
  endpointsOf(namespace: string, service: string): V1Endpoints | undefined;
  /** Whether cluster IPs lead anywhere; otherwise names stand for the addresses of ready pods. */
  readonly hasClusterIps: boolean;
}

const DOMAIN = "cluster.local";

export function formatHosts(view: HostsView): string {
  const namespace = view.pod.metadata?.namespace ?? "";
  const subdomain = view.pod.spec?.subdomain;
  const ownName = subdomain === undefined ? [] : [`${view.hostname}.${subdomain}.${namespace}.svc.${DOMAIN}`];
  const lines = [
    "127.0.0.1 localhost",
    "::1 localhost ip6-localhost ip6-loopback",
    [view.podIp, ...ownName, view.hostname].join(" "),
    ...(view.pod.spec?.hostAliases ?? []).map((alias) => [alias.ip, ...(alias.hostnames ?? [])].join(" ")),
  ];
  for (const service of view.services) lines.push(...formatService(view, service, namespace));
  return `${lines.join("\n")}\n`;
}

function formatService(view: HostsView, service: V1Service, ownNamespace: string): readonly string[] {
  const { name = "", namespace = "" } = service.metadata ?? {};
  const clusterIp = service.spec?.clusterIP ?? "None";
  const names = namesOf(name, namespace, ownNamespace);
  if (view.hasClusterIps && clusterIp !== "None" && clusterIp !== "") return [`${clusterIp} ${names.join(" ")}`];
  const endpoints = view.endpointsOf(namespace, name);
  const isHeadless = clusterIp === "None";
  return (endpoints?.subsets ?? []).flatMap((subset) => {
    const addresses = subset.addresses ?? [];
    return (isHeadless ? addresses : addresses.slice(0, 1)).flatMap((address) => [
      `${address.ip} ${names.join(" ")}`,
      ...(address.hostname === undefined
        ? []
        : [`${address.ip} ${names.map((service) => `${address.hostname}.${service}`).join(" ")}`]),
    ]);
  });
}

function namesOf(name: string, namespace: string, ownNamespace: string): readonly string[] {
  const qualified = [`${name}.${namespace}.svc.${DOMAIN}`, `${name}.${namespace}.svc`, `${name}.${namespace}`];
  return namespace === ownNamespace ? [...qualified, name] : qualified;
}

/** The variables that tell a container where Services are. */
export function buildServiceEnv(
  namespace: string,
  services: readonly V1Service[],
  linksWanted: boolean,
): Map<string, string> {
  const env = new Map<string, string>();
  for (const service of services) {
    const { name = "", namespace: home } = service.metadata ?? {};
    const isApiServer = home === "default" && name === "kubernetes";
    const ip = service.spec?.clusterIP;
    const [first] = service.spec?.ports ?? [];
    if ((!isApiServer && (home !== namespace || !linksWanted)) || !ip || ip === "None" || !first) continue;
    const prefix = name.toUpperCase().replaceAll("-", "_");
    env.set(`${prefix}_SERVICE_HOST`, ip);
    env.set(`${prefix}_SERVICE_PORT`, `${first.port}`);
    env.set(`${prefix}_PORT`, `${(first.protocol ?? "TCP").toLowerCase()}://${ip}:${first.port}`);
    for (const port of service.spec?.ports ?? []) {
      const protocol = port.protocol ?? "TCP";
      const named = `${prefix}_PORT_${port.port}_${protocol}`;
      if (port.name) env.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll("-", "_")}`, `${port.port}`);
      env.set(named, `${protocol.toLowerCase()}://${ip}:${port.port}`);
      env.set(`${named}_PROTO`, protocol.toLowerCase());
      env.set(`${named}_PORT`, `${port.port}`);
      env.set(`${named}_ADDR`, ip);
    }
  }
  return env;
}
