/** What the API server of the shared control plane does for the tests: users, custom resources, kubelets. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { beforeAll, expect, test } from "vitest";
import { messageOf } from "../../shared/errors.ts";
import { type ApiEndpoint, apiRequest } from "../support/control-plane/api-request.ts";
import { issueServer, loadCertificates } from "../support/control-plane/certificates.ts";
import { makeUserKubeconfig } from "../support/control-plane/kubeconfig.ts";
import { eventually } from "../support/eventually.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const SOON_MS = 20_000;
const NODE = "trusted-by-the-api-server";
const { serverUrl, kubeletCa, gateway } = sharedPlane();
const core = adminConfig().makeApiClient(CoreV1Api);
let endpoint: ApiEndpoint;

function adminConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(sharedPlane().kubeconfigPath);
  return config;
}

beforeAll(async () => {
  const { ca, clients } = await loadCertificates();
  endpoint = { serverUrl, caPem: ca.certPem, client: clients.admin };
});

test("custom resources are taken, with maps and lists of any kind, and given back as they came", async () => {
  const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const definition = {
    metadata: { name: "boxes.test.example.org" },
    spec: {
      group: "test.example.org",
      scope: "Namespaced",
      names: { plural: "boxes", singular: "box", kind: "Box" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const defined = await apiRequest(endpoint, definitions, { method: "POST", body: JSON.stringify(definition) });
  expect(defined.status).toBe(201);
  const boxes = "/apis/test.example.org/v1/namespaces/default/boxes";
  await eventually(async () => (await apiRequest(endpoint, boxes)).status, 200, SOON_MS);
  // Many keys: a server whose JSON library doesn't fit its compiler crashes on maps, but not on every one.
  const keys = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key-${index}`, { value: `${index}` }]));
  const box = {
    apiVersion: "test.example.org/v1",
    kind: "Box",
    metadata: { name: "full", labels: { one: "1", two: "2" }, annotations: { three: "3" } },
    spec: { keys, list: [1, "two", { three: 3 }, null], flag: false },
  };
  const made = await apiRequest(endpoint, boxes, { method: "POST", body: JSON.stringify(box) });
  expect(made.status).toBe(201);
  expect(JSON.parse((await apiRequest(endpoint, `${boxes}/full`)).text)).toMatchObject(box);
  await apiRequest(endpoint, `${definitions}/${definition.metadata.name}`, { method: "DELETE" });
});

test("a kubeconfig for a user is that user with its groups, and may do what RBAC lets it", async () => {
  const config = new KubeConfig();
  config.loadFromString(await makeUserKubeconfig(serverUrl, "alice@example.org", ["team-a", "team-b"]));
  const alice = config.makeApiClient(CoreV1Api);
  const asAlice = await alice.listNamespacedSecret({ namespace: "default" }).catch((error: unknown) => String(error));
  expect(asAlice).toMatch(/User \\*"alice@example.org\\*" cannot list resource \\*"secrets/);

  const binding = {
    metadata: { name: "team-b-views" },
    subjects: [{ kind: "Group", name: "team-b", apiGroup: "rbac.authorization.k8s.io" }],
    roleRef: { kind: "ClusterRole", name: "view", apiGroup: "rbac.authorization.k8s.io" },
  };
  const url = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
  const answer = await apiRequest(endpoint, url, { method: "POST", body: JSON.stringify(binding) });
  expect(answer.status).toBe(201);
  const list = async () => (await alice.listNamespacedPod({ namespace: "default" })).kind;
  await eventually(() => list().catch(messageOf), "PodList", SOON_MS);
});

test("the API server trusts a kubelet that the kubelet authority signed, and shows it its own certificate", async () => {
  const { certPath, keyPath } = kubeletCa;
  const [certPem, keyPem] = await Promise.all([readFile(certPath, "utf8"), readFile(keyPath, "utf8")]);
  const serving = await issueServer(
    { certPem, keyPem },
    { user: `system:node:${NODE}`, groups: [] },
    [NODE],
    [gateway],
  );
  const options = { key: serving.keyPem, cert: serving.certPem, ca: certPem, requestCert: true };
  const kubelet = createServer(options, (request, response) => response.end(`${request.url} of ${NODE}`));
  const callers: string[] = [];
  kubelet.on("secureConnection", (socket) => callers.push(String(socket.getPeerCertificate().subject.CN)));
  await new Promise<void>((resolve) => kubelet.listen(0, gateway, resolve));
  try {
    const port = portOf(kubelet.address());
    await core.createNode({ body: { metadata: { name: NODE }, spec: { unschedulable: true } } });
    const status = {
      addresses: [{ type: "InternalIP", address: gateway }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    };
    const patched = await apiRequest(endpoint, `/api/v1/nodes/${NODE}/status`, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: JSON.stringify({ status }),
    });
    expect(patched.status).toBe(200);
    const answer = await apiRequest(endpoint, `/api/v1/nodes/${NODE}/proxy/pods`);
    expect(answer).toEqual({ status: 200, text: `/pods of ${NODE}` });
    expect(callers).toEqual(["kube-apiserver-kubelet-client"]);
  } finally {
    kubelet.closeAllConnections();
    kubelet.close();
    await core.deleteNode({ name: NODE });
  }
});

function portOf(address: string | AddressInfo | null): number {
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return address.port;
}
