/** What the product's own pods are held to: Pod Security `restricted`, and what keeps an installation available. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_CA_FILE, DEFAULT_PORT } from "../../../cli/ui/run-in-cluster.ts";
import { readObjects } from "../../../scripts/manifests/compose.ts";
import { UNNAMED_IMAGE } from "../../../scripts/manifests/installation.ts";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { listAt, textAt, valueAt } from "../../../shared/json/value.ts";
import { apiServerFlags } from "../../support/control-plane/flags.ts";

const INSTALL_FILE = join(import.meta.dirname, "../../../manifests/install.yaml");
const objects = readObjects(INSTALL_FILE);
const ofKind = (kind: string) => objects.filter((object) => textAt(object, "kind") === kind);
const named = (list: readonly unknown[]) =>
  list.map((object) => [textAt(object, "metadata", "name") ?? "", object] as const);
const deployments = named(ofKind("Deployment"));
const RESTRICTED_VOLUMES = ["configMap", "downwardAPI", "emptyDir", "projected", "secret", "persistentVolumeClaim"];

test("there are two Deployments, and a Service and a NetworkPolicy for each", () => {
  expect(deployments.map(([name]) => name)).toEqual(["stash-batch-webhook", "stash-batch-reconciler"]);
  for (const [name, deployment] of deployments) {
    const labels = valueAt(deployment, "spec", "template", "metadata", "labels");
    const service = named(ofKind("Service")).find(([service]) => service === name)?.[1];
    expect(valueAt(service, "spec", "selector")).toEqual(labels);
    const policy = named(ofKind("NetworkPolicy")).find(([policy]) => policy === name)?.[1];
    expect(valueAt(policy, "spec", "podSelector", "matchLabels")).toEqual(labels);
  }
});

test("the namespace enforces the Pod Security level restricted", () => {
  expect(valueAt(ofKind("Namespace")[0], "metadata", "labels")).toMatchObject({
    "pod-security.kubernetes.io/enforce": "restricted",
  });
});

test("S13: no image is named that somebody could register", () => {
  const images = deployments.flatMap(([, deployment]) =>
    objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers").map((container) =>
      textAt(container, "image"),
    ),
  );
  expect(images).toEqual([UNNAMED_IMAGE, UNNAMED_IMAGE]);
  expect(UNNAMED_IMAGE).toMatch(/^[a-z-]+\.invalid\/[a-z-]+:\d+\.\d+\.\d+$/);
});

test("the first line of install.yaml names the image everywhere, and says so nowhere else", () => {
  const text = readFileSync(INSTALL_FILE, "utf8");
  const [, from = "", to = ""] =
    /^# Name your image first: sed 's\|(.+)\|(.+)\|' install.yaml \| kubectl apply /.exec(text) ?? [];
  expect(from).toBe(UNNAMED_IMAGE);
  const named = text.replaceAll(from, to);
  expect(named).not.toContain(".invalid");
  expect(named.split(`image: ${to}`).length - 1).toBe(2);
});

test("both programs may read their own pod, whose image they inject", () => {
  for (const program of ["webhook", "reconciler"]) {
    const role = ofKind("Role").find((one) => textAt(one, "metadata", "name") === `stash-batch-${program}`);
    expect(objectsAt(role, "rules")).toContainEqual({ apiGroups: [""], resources: ["pods"], verbs: ["get"] });
    const pod = valueAt(
      deployments.find(([name]) => name === `stash-batch-${program}`)?.[1],
      "spec",
      "template",
      "spec",
    );
    const [container] = objectsAt(pod, "containers");
    expect(textAt(container, "name")).toBe(program);
    expect(objectsAt(container, "env").map((one) => textAt(one, "name"))).toEqual(
      expect.arrayContaining(["POD_NAME", "POD_NAMESPACE"]),
    );
  }
});

test("S10: metrics that name tenants' objects are for one namespace alone", () => {
  const policy = named(ofKind("NetworkPolicy")).find(([name]) => name === "stash-batch-reconciler")?.[1];
  const sources = objectsAt(policy, "spec", "ingress").flatMap((rule) => objectsAt(rule, "from"));
  expect(sources).toEqual([{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }]);
});

describe.each(deployments)("%s", (name, deployment) => {
  const pod = valueAt(deployment, "spec", "template", "spec");
  const containers = objectsAt(pod, "containers");

  test("satisfies Pod Security restricted", () => {
    expect(valueAt(pod, "securityContext")).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) expect(valueAt(pod, key)).toBeUndefined();
    for (const container of containers) {
      expect(valueAt(container, "securityContext")).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      for (const port of objectsAt(container, "ports")) expect(valueAt(port, "hostPort")).toBeUndefined();
    }
    for (const volume of objectsAt(pod, "volumes")) {
      const [kind] = Object.keys(volume).filter((key) => key !== "name");
      expect(RESTRICTED_VOLUMES).toContain(kind);
    }
  });

  test("has two replicas that avoid each other's node, a priority, and an identity of its own", () => {
    expect(valueAt(deployment, "spec", "replicas")).toBe(2);
    const terms = objectsAt(pod, "affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution");
    expect(terms.map((term) => textAt(term, "podAffinityTerm", "topologyKey"))).toEqual(["kubernetes.io/hostname"]);
    expect(textAt(pod, "priorityClassName")).toBe(textAt(ofKind("PriorityClass")[0], "metadata", "name"));
    expect(textAt(pod, "serviceAccountName")).toBe(name);
  });

  test("asks for resources, bounds its memory, and is probed", () => {
    for (const container of containers) {
      expect(valueAt(container, "resources")).toMatchObject({
        requests: { cpu: expect.any(String), memory: expect.any(String) },
        limits: { memory: expect.any(String) },
      });
    }
    expect(containers[0]).toMatchObject({
      readinessProbe: { httpGet: { path: "/readyz" } },
      livenessProbe: { httpGet: { path: "/healthz" } },
    });
  });
});

test("no ServiceAccount hands its token to pods that do not ask for it", () => {
  const accounts = ofKind("ServiceAccount");
  expect(accounts).toHaveLength(2);
  for (const account of accounts) expect(valueAt(account, "automountServiceAccountToken")).toBe(false);
});

describe("the pages in the cluster", () => {
  const overlay = readObjects(join(import.meta.dirname, "../../../manifests/overlays/ui/ui.yaml"));
  const one = (kind: string) => overlay.find((object) => textAt(object, "kind") === kind);
  const pod = valueAt(one("Deployment"), "spec", "template", "spec");
  const [container] = objectsAt(pod, "containers");

  test("are in no installation that does not ask for them", () => {
    expect(named(objects).filter(([name]) => name.includes("ui"))).toEqual([]);
    expect(overlay.map((object) => textAt(object, "kind"))).toEqual([
      "ServiceAccount",
      "Deployment",
      "Service",
      "NetworkPolicy",
    ]);
  });

  test("run without any right of their own: no token, no Role, nobody whom they could be", () => {
    expect(valueAt(pod, "automountServiceAccountToken")).toBe(false);
    expect(valueAt(one("ServiceAccount"), "automountServiceAccountToken")).toBe(false);
    const account = textAt(pod, "serviceAccountName") ?? "";
    expect(account).toBe(textAt(one("ServiceAccount"), "metadata", "name"));
    for (const kind of ["RoleBinding", "ClusterRoleBinding"]) {
      expect(JSON.stringify(ofKind(kind))).not.toContain(account);
    }
    expect(objectsAt(pod, "volumes")).toEqual([{ name: "api-server", configMap: { name: "kube-root-ca.crt" } }]);
    expect(objectsAt(container, "env")).toEqual([]);
    expect(listAt(container, "args")).not.toContain("--allow-actions");
    const [mount] = objectsAt(container, "volumeMounts");
    expect(`${textAt(mount, "mountPath")}/ca.crt`).toBe(DEFAULT_CA_FILE);
  });

  test("satisfy Pod Security restricted, bound their memory, and are reached from within alone", () => {
    expect(valueAt(pod, "securityContext")).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container).toMatchObject({
      image: UNNAMED_IMAGE,
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      resources: { requests: expect.anything(), limits: { memory: expect.any(String) } },
      ports: [{ containerPort: DEFAULT_PORT }],
      readinessProbe: { httpGet: { path: "/healthz" } },
      livenessProbe: { httpGet: { path: "/healthz" } },
    });
    const labels = valueAt(one("Deployment"), "spec", "template", "metadata", "labels");
    expect(valueAt(one("Service"), "spec")).toMatchObject({ type: "ClusterIP", selector: labels });
    expect(valueAt(one("NetworkPolicy"), "spec")).toEqual({
      podSelector: { matchLabels: labels },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: DEFAULT_PORT }] }],
    });
  });
});

test("S5: no container of ours is there for commands of users", () => {
  const reconciler = deployments.find(([name]) => name === "stash-batch-reconciler")?.[1];
  const pod = valueAt(reconciler, "spec", "template", "spec");
  expect(valueAt(pod, "automountServiceAccountToken")).toBe(false);
  expect(objectsAt(pod, "containers").map((container) => textAt(container, "name"))).toEqual(["reconciler"]);
});

test("nothing needs the aggregation layer, and the API servers of tests without nodes have none", () => {
  const text = readFileSync(INSTALL_FILE, "utf8");
  expect(text).not.toMatch(/APIService|apiregistration|extension-apiserver-authentication|system:auth-delegator/);
  const flags = apiServerFlags({ etcdClient: 1, etcdPeer: 2, apiServer: 3 }, "/pki", "/dir", undefined);
  expect(flags.filter((flag) => /requestheader|proxy-client/.test(flag))).toEqual([]);
});
