/** The command lines of etcd and of the Kubernetes programs. */
import { join } from "node:path";
import { type ClusterAddresses, SERVICE_CIDR } from "../node/addresses.ts";
import { FRONT_PROXY } from "./certificates.ts";
import type { KubernetesVersion } from "./programs.ts";

/** The issuer of service account tokens, and so the audience that the API server itself accepts. */
export const SERVICE_ACCOUNT_ISSUER = "https://kubernetes.default.svc.cluster.local";

/**
 * Variables of every program of a cluster, as `env` takes them. Go collects its garbage when the memory in use has doubled, which took
 * the API server a fifth of its time; at five times it takes a few hundred MiB more instead.
 */
export const GO_ENVIRONMENT: readonly string[] = ["GOGC=400"];

export interface Ports {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
}

/** One member that syncs nothing to disk: its data dies with the test anyway. */
export function etcdFlags(ports: Ports, dataDir: string): string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    "--name=test",
    `--data-dir=${dataDir}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    "--logger=zap",
    "--log-level=warn",
  ];
}

export const LOOPBACK = "127.0.0.1";

/**
 * @param pki folder of certificates
 * @param dir folder that the server may write to
 * @param network where nodes and pods reach it; without one it listens on loopback alone
 */
export function apiServerFlags(
  ports: Ports,
  pki: string,
  dir: string,
  network: ClusterAddresses | undefined,
): string[] {
  const address = network?.gateway ?? LOOPBACK;
  const file = (name: string): string => join(pki, name);
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    `--bind-address=${address}`,
    // Without it the server looks for the machine's default route and refuses to start where there is none.
    `--advertise-address=${address}`,
    // Endpoints may not be loopback addresses, so the server's own would only ever fail.
    ...(network === undefined ? ["--endpoint-reconciler-type=none"] : []),
    `--secure-port=${ports.apiServer}`,
    `--cert-dir=${dir}`,
    `--tls-cert-file=${file("api-server.crt")}`,
    `--tls-private-key-file=${file("api-server.key")}`,
    `--client-ca-file=${file("ca.crt")}`,
    `--kubelet-certificate-authority=${file("ca.crt")}`,
    `--kubelet-client-certificate=${file("kubelet-client.crt")}`,
    `--kubelet-client-key=${file("kubelet-client.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    `--service-account-key-file=${file("service-account.pub")}`,
    `--service-account-signing-key-file=${file("service-account.key")}`,
    `--service-account-issuer=${SERVICE_ACCOUNT_ISSUER}`,
    `--service-cluster-ip-range=${SERVICE_CIDR}`,
    // Webhooks and aggregated APIs behind a Service are called at their pods: cluster IPs are routed inside of nodes alone.
    "--enable-aggregator-routing=true",
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--profiling=false",
  ];
}

/** The aggregation layer, as kubeadm sets it up. @param pki folder of certificates */
export function aggregationFlags(pki: string): string[] {
  const file = (name: string): string => join(pki, name);
  return [
    `--requestheader-client-ca-file=${file("front-proxy-ca.crt")}`,
    `--requestheader-allowed-names=${FRONT_PROXY}`,
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${file(`${FRONT_PROXY}.crt`)}`,
    `--proxy-client-key-file=${file(`${FRONT_PROXY}.key`)}`,
  ];
}

/** Serves no port of its own, and writes without the default limit of 20 requests a second. */
export function controllerManagerFlags(kubeconfigPath: string, pki: string, version: KubernetesVersion): string[] {
  return [
    `--kubeconfig=${kubeconfigPath}`,
    "--leader-elect=false",
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${join(pki, "service-account.key")}`,
    `--root-ca-file=${join(pki, "ca.crt")}`,
    `--cluster-signing-cert-file=${join(pki, "ca.crt")}`,
    `--cluster-signing-key-file=${join(pki, "ca.key")}`,
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    // A claim that waits for a volume is looked at again after this time.
    "--pvclaimbinder-sync-period=1s",
    // A node that is silent for so long is NotReady; the default of 40 to 50 s is for networks.
    "--node-monitor-grace-period=24s",
    "--node-monitor-period=2s",
    ...noPorts(version),
  ];
}

export function schedulerFlags(kubeconfigPath: string, version: KubernetesVersion): string[] {
  return [`--kubeconfig=${kubeconfigPath}`, "--leader-elect=false", ...noPorts(version)];
}

/** Old versions also serve plain HTTP on a fixed port, unless `--port=0`; from 1.24 that flag is unknown. */
function noPorts(version: KubernetesVersion): string[] {
  return version.minor < 24 ? ["--secure-port=0", "--port=0"] : ["--secure-port=0"];
}
