/** What kustomize makes of base and overlays, and whether the API server takes it. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { readObjects } from "../../scripts/manifests/compose.ts";
import { UNNAMED_IMAGE } from "../../scripts/manifests/installation.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { kustomize } from "../support/install/kustomize.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { applyManifests, type Manifest } from "../support/objects/apply.ts";
import { KUBERNETES, resourceOf } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const manifests = resolve(import.meta.dirname, "../../manifests");
/** Namespaces must exist for what is in them, also for a dry run. */
const NAMESPACES = ["stash-batch", "applications"];

let client: KubeClient;

beforeAll(async () => {
  ({ client } = await openTestClient(sharedPlane().kubeconfigPath));
  for (const name of NAMESPACES) {
    await applyManifests(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
  }
});

afterAll(async () => {
  // The other one is the product's, which the next file may need at once.
  await client.delete(KUBERNETES.Namespace, undefined, "applications");
  client.close();
});

const made = (folder: string) => kustomize(sharedPlane().programsDir, folder);

const named = (objects: readonly Manifest[], kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

function containerArgs(objects: readonly Manifest[], name: string): readonly unknown[] {
  const pod = valueAt(named(objects, "Deployment", name), "spec", "template", "spec");
  return listAt(objectsAt(pod, "containers")[0], "args");
}

test("kustomize makes of the base what install.yaml holds", () => {
  const byName = (objects: readonly unknown[]) =>
    new Map(objects.map((object) => [`${textAt(object, "kind")} ${textAt(object, "metadata", "name")}`, object]));
  expect(byName(made("base"))).toEqual(byName(readObjects(join(manifests, "install.yaml"))));
});

describe.each([
  "base",
  "overlays/single-node",
  "overlays/namespaced",
  "overlays/cert-manager",
  "overlays/snapshot-api",
  "overlays/ui",
])("%s", (folder) => {
  test("is taken by the API server", async () => {
    const objects = made(folder).filter(({ apiVersion }) => !apiVersion.startsWith("cert-manager.io/"));
    expect(objects.length).toBeGreaterThan(25);
    for (const body of objects) {
      const resource = resourceOf(body.kind);
      const namespace = resource.namespaced ? body.metadata.namespace : undefined;
      const patch = { kind: "apply", body, force: true } as const;
      await client.patch(resource, namespace, body.metadata.name, patch, asIs, { dryRun: true });
    }
  });
});

test("`images` of a kustomization alone names the image everywhere", async () => {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-images-"));
  try {
    const [name = ""] = UNNAMED_IMAGE.split(":");
    const kustomization = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [relative(dir, join(manifests, "base"))],
      images: [{ name, newName: "registry.example.com/stash-batch", newTag: "7" }],
    };
    await writeFile(join(dir, "kustomization.yaml"), stringify(kustomization));
    const objects = made(relative(manifests, dir));
    expect(JSON.stringify(objects)).not.toContain(".invalid");
    const images = objects
      .filter(({ kind }) => kind === "Deployment")
      .map((deployment) => {
        const [container] = objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers");
        return textAt(container, "image");
      });
    expect(images).toEqual(["registry.example.com/stash-batch:7", "registry.example.com/stash-batch:7"]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("newer servers are asked to keep workloads' writes that concern nobody, and nothing else", () => {
  const webhooks = objectsAt(
    named(made("overlays/match-conditions"), "MutatingWebhookConfiguration", "stash-batch"),
    "webhooks",
  );
  const conditioned = webhooks.filter((webhook) => listAt(webhook, "matchConditions").length > 0);
  expect(conditioned.map((webhook) => textAt(webhook, "name"))).toEqual([
    "labelled.workloads.stash.appscode.com",
    "workloads.stash.appscode.com",
  ]);
});

test("a single node runs one replica of each", () => {
  const replicas = made("overlays/single-node")
    .filter(({ kind }) => kind === "Deployment")
    .map((deployment) => valueAt(deployment, "spec", "replicas"));
  expect(replicas).toEqual([1, 1]);
});

test("in one namespace the reconciler has no rights elsewhere, and nothing else comes to the webhook", () => {
  const objects = made("overlays/namespaced");
  expect(named(objects, "ClusterRoleBinding", "stash-batch-reconciler")).toBeUndefined();
  const bindings = objects.filter(({ kind }) => kind === "RoleBinding").map(({ metadata }) => metadata.namespace);
  expect(bindings).toContain("applications");
  const clusterRules = objectsAt(named(objects, "ClusterRole", "stash-batch-reconciler-cluster"), "rules");
  const clusterWide = clusterRules.flatMap((rule) => listAt(rule, "resources"));
  for (const resource of ["secrets", "pods", "pods/exec", "deployments"]) expect(clusterWide).not.toContain(resource);
  expect(containerArgs(objects, "stash-batch-reconciler")).toContain("--watch-namespace=applications");
  for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]) {
    for (const webhook of objectsAt(named(objects, kind, "stash-batch"), "webhooks")) {
      expect(JSON.stringify(webhook["namespaceSelector"]), textAt(webhook, "name")).toContain("applications");
    }
  }
});

test("with cert-manager the webhook may write neither its Secret nor the CA bundle", () => {
  const objects = made("overlays/cert-manager");
  expect(containerArgs(objects, "stash-batch-webhook")).toContain("--certificates=cert-manager");
  const rules = ["Role", "ClusterRole"].flatMap((kind) =>
    objectsAt(named(objects, kind, "stash-batch-webhook"), "rules"),
  );
  const verbsOn = (resource: string) =>
    rules.filter((rule) => listAt(rule, "resources").includes(resource)).flatMap((rule) => listAt(rule, "verbs"));
  expect(new Set(verbsOn("secrets"))).toEqual(new Set(["get", "list", "watch"]));
  expect(verbsOn("mutatingwebhookconfigurations")).toEqual(["get"]);
  const certificate = named(objects, "Certificate", "stash-batch-serving-cert");
  const source = `${certificate?.metadata.namespace}/${certificate?.metadata.name}`;
  for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]) {
    const annotations = valueAt(named(objects, kind, "stash-batch"), "metadata", "annotations");
    expect(annotations).toEqual({ "cert-manager.io/inject-ca-from": source });
  }
  expect(listAt(certificate, "spec", "dnsNames")).toContain("stash-batch-webhook.stash-batch.svc");
});

test("without cert-manager its overlay is refused with the kinds that are missing, and the rest is taken", async () => {
  const { programsDir, kubeconfigPath } = sharedPlane();
  const folder = join(manifests, "overlays/cert-manager");
  const args = [`--kubeconfig=${kubeconfigPath}`, "apply", "--server-side", "--dry-run=server", "--force-conflicts"];
  const { status, stdout, stderr } = spawnSync(join(programsDir, "kubectl"), [...args, "-k", folder], {
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /no matches for kind "Certificate" in version "cert-manager.io\/v1"\s+ensure CRDs are installed first/,
  );
  expect(stdout).toContain("mutatingwebhookconfiguration.admissionregistration.k8s.io/stash-batch");
});
