/** The Helm chart: what a real helm makes of it, and an installation, an upgrade and an end on a real node. */
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { readObjects } from "../../scripts/manifests/compose.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { eventually } from "../support/eventually.ts";
import { CHART, type Helm, openHelm } from "../support/helm/helm.ts";
import { type InstalledProduct, startEmptyCluster } from "../support/install/installed-product.ts";
import { kustomize } from "../support/install/kustomize.ts";
import { applyManifests, type Manifest, parseManifests } from "../support/objects/apply.ts";
import { listPods, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const MANIFESTS = resolve(import.meta.dirname, "../../manifests");
const NAMESPACE = "backups";
const IMAGE = ["--set", "image.registry=stash-batch.invalid"];
const TIMEOUT_MS = 90_000;
const START_MS = 300_000;

let helm: Helm;

beforeAll(async () => {
  helm = await openHelm();
}, START_MS);

afterAll(() => helm?.stop());

/** By kind and name, without what only Helm reads. */
function byName(objects: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(objects.map((object) => [`${textAt(object, "kind")} ${textAt(object, "metadata", "name")}`, object]));
}

/** What Helm alone reads: whether it keeps an object, and when pods restart for their settings. */
const HELM_ANNOTATIONS: ReadonlySet<string> = new Set(["helm.sh/resource-policy", "checksum/settings"]);

function withoutHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHelm);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, child]): [string, unknown][] => {
    if (key !== "annotations" || !isJsonObject(child)) return [[key, withoutHelm(child)]];
    const others = Object.entries(child).filter(([name]) => !HELM_ANNOTATIONS.has(name));
    return others.length > 0 ? [[key, Object.fromEntries(others)]] : [];
  });
  return Object.fromEntries(entries);
}

describe("helm", () => {
  test("finds nothing to say about the chart", async () => {
    const { exitCode, stdout, stderr } = await helm.run("lint", "--strict", CHART);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/);
  });

  test("makes of it what install.yaml holds, object by object", async () => {
    const made = await helm.template("--namespace", "stash-batch", ...IMAGE, "--set", "namespace.create=true");
    const installed = readObjects(join(MANIFESTS, "install.yaml"));
    expect(byName(made.map(withoutHelm))).toEqual(byName(installed));
    expect(made).toHaveLength(installed.length);
  });

  test.each([
    ["overlays/cert-manager", ["certManager.enabled=true"]],
    ["overlays/namespaced", ["watchNamespace=applications"]],
    ["overlays/match-conditions", ["matchConditions.enabled=true"]],
    ["overlays/snapshot-api", ["snapshotApi.enabled=true"]],
    ["overlays/single-node", ["webhook.replicas=1,reconciler.replicas=1"]],
    ["overlays/ui", ["ui.enabled=true,ui.publicUrl=https://backups.example.com/"]],
  ])("makes of it what %s makes, with %s", async (overlay, values) => {
    const sets = values.flatMap((value) => ["--set", value]);
    const made = await helm.template("--namespace", "stash-batch", ...IMAGE, "--set", "namespace.create=true", ...sets);
    expect(byName(made.map(withoutHelm))).toEqual(byName(kustomize(sharedPlane().programsDir, overlay)));
  });

  test("makes pages in the cluster that serve with a Secret's certificate, act, and let another namespace's proxy in", async () => {
    const values =
      "ui.enabled=true,ui.publicUrl=https://b.example.com/,ui.allowActions=true,ui.tlsSecret=own,ui.proxyNamespace=ingress,watchNamespace=shop";
    const made = byName(await helm.template("--namespace", NAMESPACE, ...IMAGE, "--set", values));
    const pod = valueAt(made.get("Deployment stash-batch-ui"), "spec", "template", "spec");
    const [container] = objectsAt(pod, "containers");
    expect(listAt(container, "args")).toEqual([
      "ui",
      "--in-cluster",
      "--namespace=shop",
      "--public-url=https://b.example.com/",
      "--allow-actions",
      "--tls-cert-file=/etc/serving/tls.crt",
      "--tls-key-file=/etc/serving/tls.key",
    ]);
    expect(textAt(container, "readinessProbe", "httpGet", "scheme")).toBe("HTTPS");
    expect(objectsAt(container, "volumeMounts")[1]).toMatchObject({ name: "serving", mountPath: "/etc/serving" });
    expect(objectsAt(pod, "volumes")[1]).toEqual({ name: "serving", secret: { secretName: "own" } });
    const [rule] = objectsAt(made.get("NetworkPolicy stash-batch-ui"), "spec", "ingress");
    expect(objectsAt(rule, "from")).toEqual([
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress" } } },
    ]);
    const { exitCode, stderr } = await helm.run("template", "x", CHART, ...IMAGE, "--set", "ui.enabled=true");
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining("ui.publicUrl is empty") });
  });

  test("makes of it what manifests/monitoring makes", async () => {
    const values = "serviceMonitor.enabled=true,prometheusRule.enabled=true,grafanaDashboard.enabled=true";
    const all = byName(await helm.template("--namespace", "stash-batch", ...IMAGE, "--set", values));
    for (const [name, object] of byName(kustomize(sharedPlane().programsDir, "monitoring"))) {
      expect(withoutData(all.get(name)), name).toEqual(withoutData(object));
      expect(JSON.parse(textAt(all.get(name), "data", "dashboard.json") ?? "{}"), name).toEqual(
        JSON.parse(textAt(object, "data", "dashboard.json") ?? "{}"),
      );
    }
  });

  test("puts everything into the namespace of the release, whatever it is called", async () => {
    const made = await helm.template("--namespace", "12345", ...IMAGE, "--set", "certManager.enabled=true");
    const names = (value: unknown): readonly unknown[] => {
      if (Array.isArray(value)) return value.flatMap(names);
      if (!isJsonObject(value)) return [];
      return Object.entries(value).flatMap(([key, child]) => (key === "namespace" ? [child] : names(child)));
    };
    const others = made.filter(({ kind }) => kind !== "CustomResourceDefinition");
    expect(new Set(others.flatMap(names))).toEqual(new Set(["12345"]));
    const text = JSON.stringify(made);
    for (const old of [
      "serviceaccount:stash-batch:",
      "webhook.stash-batch.svc",
      '"stash-batch/stash-batch-serving-cert',
    ]) {
      expect(text).not.toContain(old);
    }
  });

  test("names the image by registry, repository, tag or digest", async () => {
    const imagesOf = async (...values: readonly string[]) => {
      const made = await helm.template(...values.flatMap((value) => ["--set-string", value]));
      return new Set(made.filter(({ kind }) => kind === "Deployment").map(imageOf));
    };
    const digest = `sha256:${"a".repeat(64)}`;
    expect(await imagesOf("image.registry=r.io:5000/team,image.tag=1.2")).toEqual(
      new Set(["r.io:5000/team/stash-batch:1.2"]),
    );
    expect(await imagesOf("image.registry=r.io", "image.repository=x/y", `image.digest=${digest}`)).toEqual(
      new Set([`r.io/x/y@${digest}`]),
    );
  });

  test("hands on pull secrets, resources, nodes, tolerations and flags", async () => {
    const made = await helm.template(
      ...IMAGE,
      ...[
        "--set",
        "pullSecrets={one,two}",
        "--set",
        "nodeSelector.zone=a",
        "--set",
        "webhook.extraArgs={--follow-image}",
      ],
      ...["--set", "tolerations[0].key=only", "--set", "reconciler.resources.limits.memory=1Gi"],
      ...["--set-string", "injected.sidecarResources=requests.cpu=5m", "--set", "image.pullPolicy=Always"],
    );
    for (const deployment of made.filter(({ kind }) => kind === "Deployment")) {
      const pod = valueAt(deployment, "spec", "template", "spec");
      expect(valueAt(pod, "imagePullSecrets")).toEqual([{ name: "one" }, { name: "two" }]);
      expect(valueAt(pod, "nodeSelector")).toEqual({ "kubernetes.io/os": "linux", zone: "a" });
      expect(valueAt(pod, "tolerations")).toEqual([{ key: "only" }]);
      expect(textAt(objectsAt(pod, "containers")[0], "imagePullPolicy")).toBe("Always");
    }
    const named = byName(made);
    const containerOf = (name: string) =>
      objectsAt(valueAt(named.get(`Deployment ${name}`), "spec", "template", "spec"), "containers")[0];
    expect(listAt(containerOf("stash-batch-webhook"), "args").at(-1)).toBe("--follow-image");
    expect(valueAt(containerOf("stash-batch-reconciler"), "resources", "limits")).toEqual({ memory: "1Gi" });
    expect(valueAt(named.get("ConfigMap stash-batch"), "data")).toMatchObject({
      "pull-secrets": "one,two",
      "sidecar-resources": "requests.cpu=5m",
    });
  });

  test.each([
    [["image.registry="], /image.registry is empty.*docs\/install.md/],
    [["image.digest=abc"], /digest/],
    [["image.tag=a b"], /tag/],
    [["image.regsitry=r.io"], /regsitry/],
    [["replicas=3"], /replicas/],
    [["webhook.replicas=0"], /replicas/],
    [["webhook.replicas=two"], /replicas/],
    [["watchNamespace=Not_A_Name"], /watchNamespace/],
    [["pullSecrets={a,a}"], /pullSecrets/],
    [["injected.jobResources=lots"], /jobResources/],
    [["crds.keep=perhaps"], /keep/],
    [["webhook.extraArgs={oops}"], /extraArgs/],
    [["webhook.resources.limits.memory=lots"], /memory/],
    [["tolerations[0].efect=NoSchedule"], /efect/],
  ])("refuses %s", async (values, message) => {
    const sets = values.flatMap((value) => ["--set", value]);
    const { exitCode, stderr } = await helm.run("template", "x", CHART, ...IMAGE, ...sets);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});

describe("a cluster that lacks what a value needs", () => {
  const API = ["--api-versions", "apps/v1/Deployment"];
  const CERTIFICATES = ["--api-versions", "cert-manager.io/v1/Certificate"];

  test.each([
    ["certManager.enabled", [], /no cert-manager: install it first, or leave the value out/],
    ["serviceMonitor.enabled", CERTIFICATES, /does not know ServiceMonitors: install the Prometheus operator first/],
    ["prometheusRule.enabled", CERTIFICATES, /does not know PrometheusRules: install the Prometheus operator first/],
    ["matchConditions.enabled", ["--kube-version", "1.27.3"], /needs Kubernetes 1\.28, and this is v1\.27\.3/],
  ])("is told so, before anything is sent: %s", async (value, more, message) => {
    const made = helm.run("template", "x", CHART, ...IMAGE, ...API, ...more, "--set", `${value}=true`);
    const { exitCode, stderr } = await made;
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(message);
  });

  test("is none where it serves that", async () => {
    const served = ["ServiceMonitor", "PrometheusRule"].flatMap((kind) => [
      "--api-versions",
      `monitoring.coreos.com/v1/${kind}`,
    ]);
    const values = "certManager.enabled=true,serviceMonitor.enabled=true,prometheusRule.enabled=true";
    const made = await helm.template(...IMAGE, ...API, ...CERTIFICATES, ...served, "--set", values);
    expect(made.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["Certificate", "ServiceMonitor"]));
  });
});

function imageOf(deployment: Manifest): string | undefined {
  return textAt(objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers")[0], "image");
}

function withoutData(object: unknown): unknown {
  if (!isJsonObject(object)) return object;
  const { data: _, ...rest } = object;
  return rest;
}

describe("a release", () => {
  let cluster: InstalledProduct;
  let installer: Helm;

  beforeAll(async () => {
    cluster = await startEmptyCluster({ nodes: ["chart-node"], images: {}, program: sharedPlane().program });
    installer = await openHelm(cluster.controlPlane.kubeconfigPath);
  }, START_MS);

  afterAll(async () => {
    await installer?.stop();
    await cluster?.stop();
  }, START_MS);

  async function helmWell(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await installer.run(...args, "--namespace", NAMESPACE);
    const pods = exitCode === 0 ? "" : JSON.stringify(await listPods(cluster.client, NAMESPACE, ""));
    expect(exitCode, `${stdout}${stderr}${pods}`).toBe(0);
    return stdout;
  }

  const INSTALL = [
    ...IMAGE,
    "--set",
    "webhook.replicas=1",
    "--set",
    "reconciler.replicas=1",
    "--wait",
    "--timeout",
    "2m",
  ];

  test(
    "in a namespace of any name is ready, and helm waited for it, though kubectl had applied a part before",
    async () => {
      const before = readObjects(join(MANIFESTS, "install.yaml")).filter(
        (object) =>
          textAt(object, "kind") === "PriorityClass" || textAt(object, "metadata", "name") === "stash-batch-edit",
      );
      const text = before.map((object) => stringify(object)).join("---\n");
      await applyManifests(cluster.client, parseManifests(text.replaceAll("- watch", "- list")));
      const command = ["upgrade", "--install", "stash-batch", CHART, "--create-namespace", ...INSTALL];
      const { exitCode, stderr } = await installer.run(...command, "--namespace", NAMESPACE);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("exists and cannot be imported into the current release");
      const told = await helmWell(...command, "--take-ownership", "--force-conflicts");
      expect(told).toContain("helm test stash-batch -n backups");
      for (const component of ["webhook", "reconciler"]) {
        await waitForReadyPods(cluster.client, NAMESPACE, `app.kubernetes.io/component=${component}`, 1, TIMEOUT_MS);
      }
    },
    START_MS,
  );

  test(
    "passes its test: the doctor finds no fault, and has all the rights that it needs",
    async () => {
      await eventually(
        () => installer.run("test", "stash-batch", "--namespace", NAMESPACE, "--logs"),
        ({ exitCode }) => exitCode === 0,
        TIMEOUT_MS,
      );
      // The dry run of an invoker that can't be read is refused by the webhook, as it must be.
      const refused = await cluster.audit.refused(/^system:serviceaccount:backups:stash-batch-doctor$/);
      expect(refused.filter((line) => !line.includes("/backupbatches?"))).toEqual([]);
      const roles = await cluster.client.list(KUBERNETES.ClusterRole, undefined, (one) =>
        textAt(one, "metadata", "name"),
      );
      expect(roles.items).not.toContain("stash-batch-doctor");
    },
    START_MS,
  );

  test(
    "that is upgraded brings definitions up to date, restarts for settings, and leaves the CA bundle and objects",
    async () => {
      const { client } = cluster;
      const invoker = {
        apiVersion: KINDS.BackupBatch.apiVersion,
        kind: "BackupBatch",
        metadata: { name: "kept", namespace: "default" },
      };
      const retentionPolicy = { name: "all", keepLast: 1, prune: false };
      await applyManifests(client, [
        { ...invoker, spec: { retentionPolicy, repository: { name: "none" }, members: [] } },
      ]);
      const older = { kind: "json", operations: [{ op: "remove", path: "/spec/names/shortNames" }] } as const;
      const definition = "backupbatches.stash.appscode.com";
      await client.patch(KUBERNETES.CustomResourceDefinition, undefined, definition, older, asIs);
      const bundle = async () => {
        const found = await client.get(KUBERNETES.MutatingWebhookConfiguration, undefined, "stash-batch", asIs);
        return objectsAt(found, "webhooks").map((one) => textAt(one, "clientConfig", "caBundle"));
      };
      const before = await bundle();
      expect(before.every((one) => one !== undefined && one !== "")).toBe(true);
      await helmWell(
        "upgrade",
        "stash-batch",
        CHART,
        ...INSTALL,
        "--set-string",
        "injected.sidecarResources=requests.cpu=7m",
      );
      expect(await bundle()).toEqual(before);
      const upgraded = await client.get(KUBERNETES.CustomResourceDefinition, undefined, definition, asIs);
      expect(listAt(upgraded, "spec", "names", "shortNames")).toEqual(["bbatch"]);
      const pods = await waitForReadyPods(client, NAMESPACE, "app.kubernetes.io/component=webhook", 1, TIMEOUT_MS);
      expect(pods).toHaveLength(1);
      expect(await client.find(KINDS.BackupBatch, "default", "kept", asIs)).toBeDefined();
    },
    START_MS,
  );

  test(
    "that is uninstalled leaves definitions and objects, and nothing else",
    async () => {
      const { client } = cluster;
      await helmWell("uninstall", "stash-batch", "--wait");
      for (const resource of [KUBERNETES.MutatingWebhookConfiguration, KUBERNETES.ValidatingWebhookConfiguration]) {
        expect((await client.list(resource, undefined, asIs)).items).toEqual([]);
      }
      const names = async (resource: typeof KUBERNETES.ClusterRole) =>
        (await client.list(resource, undefined, (one) => textAt(one, "metadata", "name") ?? "")).items;
      for (const resource of [KUBERNETES.ClusterRole, KUBERNETES.ClusterRoleBinding, KUBERNETES.PriorityClass]) {
        expect((await names(resource)).filter((name) => name.includes("stash-batch"))).toEqual([]);
      }
      expect((await names(KUBERNETES.CustomResourceDefinition)).length).toBeGreaterThan(9);
      expect(await client.find(KINDS.BackupBatch, "default", "kept", asIs)).toBeDefined();
    },
    START_MS,
  );
});
