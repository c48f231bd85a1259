/**
 * What the pods of a drill may reach. Pure. Restored applications do what they did before: they must not find the real ones.
 *
 * | # | pods | reach | are reached by |
 * |---|---|---|---|
 * | 1 | all of the drill | each other | each other |
 * | 2 | those that run restic | DNS, the API server, the store, and the proxies that its Secret names | nobody else |
 *
 * Policies see addresses of pods, behind those of Services: a store in the cluster is let through by its namespace, another one by its port.
 */
import { isIP } from "node:net";
import type { Backend } from "../../shared/api/backend.ts";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { usedBackend } from "../../shared/backends.ts";
import { Label, LabelValue } from "../../shared/contract.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { drillBatchName } from "./names.ts";
import { drillMetadata, drillNameOf, INSTANCE_LABEL } from "./objects.ts";

export interface NetworkFacts {
  readonly backend: Backend | undefined;
  /** Values of HTTPS_PROXY and its like, from the Secret of the backend. */
  readonly proxies: readonly string[];
  /** Ports of the API server, where pods see it. */
  readonly apiPorts: readonly number[];
}

const HTTPS = 443;
const HTTP = 80;
/** Usual for DNS, and where OpenShift has it. */
const DNS_PORTS = [53, 5353] as const;
/** Where clouds answer who one is. */
const LINK_LOCAL = "169.254.0.0/16";

/** Of all pods, and of those that run restic. */
export function networkNames(drill: BackupVerificationSession): readonly [string, string] {
  const name = drillBatchName(drillNameOf(drill));
  return [name, `${name}-store`];
}

export function buildPolicies(drill: BackupVerificationSession, facts: NetworkFacts): readonly JsonObject[] {
  const [all, ofStore] = networkNames(drill);
  const own = { matchLabels: { [INSTANCE_LABEL]: drillBatchName(drillNameOf(drill)) } };
  const runRestic = {
    ...own,
    matchExpressions: [
      { key: Label.JobTarget, operator: "NotIn", values: [LabelValue.DrillServer, LabelValue.Script] },
    ],
  };
  const eachOther = [{ podSelector: own }];
  return [
    policy(drill, all, {
      podSelector: own,
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: eachOther }],
      egress: [{ to: eachOther }],
    }),
    policy(drill, ofStore, {
      podSelector: runRestic,
      policyTypes: ["Egress"],
      egress: [
        { ports: DNS_PORTS.flatMap((port) => [onPort(port, "UDP"), onPort(port)]) },
        { ports: [...new Set(facts.apiPorts)].map((port) => onPort(port)) },
        ...storeRules(facts, drill.metadata.namespace),
      ],
    }),
  ];
}

function policy(drill: BackupVerificationSession, name: string, spec: JsonObject): JsonObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: drillMetadata(drill, name),
    spec,
  };
}

function onPort(port: number, protocol: "TCP" | "UDP" = "TCP"): JsonObject {
  return { protocol, port };
}

function storeRules({ backend, proxies }: NetworkFacts, namespace: string): readonly JsonObject[] {
  const used = backend && usedBackend(backend);
  if (used === undefined || used.name === "local") return [];
  const { reaches } = used.kind;
  if (reaches === "anything") return [{}];
  const { endpoint } = used.store;
  return [
    ...(endpoint === undefined ? [] : addressRules(endpoint, namespace)),
    ...proxies.flatMap((proxy) => addressRules(proxy, namespace)),
    // Credentials of roles come from elsewhere than the store.
    ...(reaches === "cloud" ? [{ ports: [onPort(HTTPS)] }, { to: [{ ipBlock: { cidr: LINK_LOCAL } }] }] : []),
  ];
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Without a scheme it is a store's of S3, which restic asks by TLS. */
function readAddress(text: string): Address | undefined {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  if (url === null || url.hostname === "") return undefined;
  const usual = url.protocol === "http:" ? HTTP : HTTPS;
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || usual };
}

/** One that can't be read reaches nothing, as restic does not. */
function addressRules(text: string, namespace: string): readonly JsonObject[] {
  const address = readAddress(text);
  if (address === undefined) return [];
  const { host, port } = address;
  const ports = [onPort(port)];
  const version = isIP(host);
  if (version !== 0) return [{ to: [{ ipBlock: { cidr: `${host}/${version === 4 ? 32 : 128}` } }], ports }];
  const at = namespaceOf(host, namespace);
  // Pods behind a Service listen on ports of their own.
  const inside =
    at === undefined ? [] : [{ to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": at } } }] }];
  return isServiceAlone(host) ? inside : [...inside, { ports }];
}

function labelsOf(host: string): readonly string[] {
  return host.split(".").filter((label) => label !== "");
}

/** `NAME`, `NAME.NAMESPACE`, `NAME.NAMESPACE.svc` with the cluster's domain, or with a pod's name before it. */
function namespaceOf(host: string, own: string): string | undefined {
  const labels = labelsOf(host);
  if (labels.length <= 2) return labels[1] ?? own;
  const svc = labels.indexOf("svc");
  return svc < 2 ? undefined : labels[svc - 1];
}

/** What can be nothing but a Service of this cluster. A store of the world may have `svc` among its labels, too. */
function isServiceAlone(host: string): boolean {
  if (labelsOf(host).length === 1) return true;
  return namespaceOf(host, "") !== undefined && /\.svc(\.cluster\.local)?\.?$/.test(host);
}
