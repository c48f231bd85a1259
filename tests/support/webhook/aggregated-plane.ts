/** A control plane with the aggregation layer, and the webhook behind it: kubectl's calls on snapshots reach it as they do in a cluster. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { listAt, textAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { KeyAndCertificate } from "../control-plane/certificates.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { eventually } from "../eventually.ts";
import { kustomize } from "../install/kustomize.ts";
import { applyManifests } from "../objects/apply.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { connectTo, readAuthority } from "./cluster-client.ts";
import { startTestWebhook, type TestWebhook } from "./running-webhook.ts";

export interface AggregatedPlane {
  readonly plane: ControlPlane;
  readonly admin: KubeClient;
  readonly webhook: TestWebhook;
  /** Authority of the API server's certificate as front proxy. */
  readonly frontAuthority: KeyAndCertificate;
  /** Authority of users' certificates, and of the webhook's own. */
  readonly clusterAuthority: KeyAndCertificate;
  stop(): Promise<void>;
}

const KUBECTL_MS = 120_000;
const SERVICE = "stash-batch-webhook";
const NAMESPACE = "stash-batch";
const RIGHTS = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"];

export async function startAggregatedPlane(): Promise<AggregatedPlane> {
  const plane = await startControlPlane({
    scheduler: false,
    isAggregating: true,
    // The Service below is a name of this machine, which is looked up instead of endpoints.
    extraApiServerFlags: ["--enable-aggregator-routing=false"],
  });
  const admin = await connectTo(plane.kubeconfigPath);
  const clusterAuthority = await readAuthority(plane.kubeletCa);
  const overlay = kustomize(plane.programsDir, "overlays/snapshot-api");
  await applyManifests(admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
  await applyManifests(
    admin,
    overlay.filter(({ kind }) => RIGHTS.includes(kind)),
  );
  // As itself, with the rights of the installation and no other.
  const kubeconfigPath = await plane.kubeconfigFor(`system:serviceaccount:${NAMESPACE}:${SERVICE}`, [
    "system:serviceaccounts",
    `system:serviceaccounts:${NAMESPACE}`,
    "system:authenticated",
  ]);
  const webhook = await startTestWebhook({
    kubeconfigPath,
    ca: clusterAuthority,
    serverName: `${SERVICE}.${NAMESPACE}.svc`,
    flags: ["--snapshot-api=127.0.0.1:0"],
  });
  const { snapshotPort: port = 0 } = webhook;
  const spec = { type: "ExternalName", externalName: "localhost", ports: [{ port, protocol: "TCP" }] };
  await applyManifests(admin, [
    { apiVersion: "v1", kind: "Service", metadata: { name: SERVICE, namespace: NAMESPACE }, spec },
    ...overlay.flatMap((manifest) =>
      manifest.kind === "APIService" ? [reachedAt(manifest, port, clusterAuthority)] : [],
    ),
  ]);
  return {
    plane,
    admin,
    webhook,
    frontAuthority: plane.frontProxyCa,
    clusterAuthority,
    stop: async () => {
      await webhook.stop();
      admin.close();
      await plane.stop();
    },
  };
}

type Manifest = ReturnType<typeof kustomize>[number];

/** The one of the installation, at the port of this test. */
function reachedAt(manifest: Manifest, port: number, { certPem }: KeyAndCertificate): Manifest {
  const spec = typeof manifest["spec"] === "object" ? manifest["spec"] : {};
  const caBundle = Buffer.from(certPem).toString("base64");
  return { ...manifest, spec: { ...spec, caBundle, service: { namespace: NAMESPACE, name: SERVICE, port } } };
}

/** Until the API server says that it reaches the webhook. */
export async function untilAvailable({ admin }: Pick<AggregatedPlane, "admin">, name: string): Promise<void> {
  const isAvailable = (service: unknown) =>
    listAt(service, "status", "conditions").some(
      (one) => textAt(one, "type") === "Available" && textAt(one, "status") === "True",
    );
  await eventually(() => admin.get(KUBERNETES.APIService, undefined, name, asIs), isAvailable, 30_000);
}

export interface KubectlOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real kubectl as somebody. */
export function kubectl(
  { programsDir }: Pick<ControlPlane, "programsDir">,
  kubeconfigPath: string,
  ...args: readonly string[]
): Promise<KubectlOutput> {
  return new Promise((resolve) => {
    const all = [`--kubeconfig=${kubeconfigPath}`, `--cache-dir=${kubeconfigPath}.cache`, ...args];
    execFile(join(programsDir, "kubectl"), all, { timeout: KUBECTL_MS }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
