import { join } from "node:path";
import { applyPatch } from "fast-json-patch";
import { expect, test } from "vitest";
import {
  API_SERVICES,
  CLUSTER_OBJECTS,
  DEFINITIONS,
  FRONT_PROXY_BINDING,
  POLICY_OBJECTS,
  WEBHOOK_OBJECTS,
} from "../../../../cli/uninstall/own-objects.ts";
import { planRemoval } from "../../../../cli/uninstall/workloads.ts";
import { hostRunPolicyObjects } from "../../../../reconciler/installation/host-run-policy.ts";
import { composeObjects, readObjects } from "../../../../scripts/manifests/compose.ts";
import { Install } from "../../../../shared/contract.ts";
import { textAt } from "../../../../shared/json/value.ts";

const manifests = join(import.meta.dirname, "../../../../manifests");
const DEPLOYMENTS = { group: "apps", version: "v1", plural: "deployments", namespaced: true };

/** `kind name` of everything that has no namespace. */
function clusterWide(objects: readonly unknown[]): readonly string[] {
  return objects
    .filter((object) => textAt(object, "metadata", "namespace") === undefined)
    .filter((object) => textAt(object, "kind") !== "Namespace")
    .map((object) =>
      `${textAt(object, "kind")?.toLowerCase()}s ${textAt(object, "metadata", "name")}`.replace("classs", "classes"),
    );
}

test("every object of the installation outside of its namespace is one that uninstalling deletes", () => {
  const installed = [
    ...composeObjects(join(manifests, "base")),
    ...readObjects(join(manifests, "overlays/namespaced/rights.yaml")),
    ...readObjects(join(manifests, "overlays/snapshot-api/rights.yaml")),
    ...readObjects(join(manifests, "overlays/snapshot-api/api-service.yaml")),
  ];
  const elsewhere = installed.filter((object) => textAt(object, "metadata", "namespace") === "kube-system");
  expect(elsewhere.map((object) => [textAt(object, "kind"), textAt(object, "metadata", "name")])).toEqual([
    ["RoleBinding", FRONT_PROXY_BINDING.name],
  ]);
  const apiService = { resource: API_SERVICES, names: [Install.SnapshotApiService] };
  const deleted = [...WEBHOOK_OBJECTS, ...CLUSTER_OBJECTS, DEFINITIONS, apiService].flatMap(({ resource, names }) =>
    names.map((name) => `${resource.plural} ${name}`),
  );
  expect(new Set(clusterWide(installed))).toEqual(new Set(deleted));
});

test("what the reconciler adds to an installation is taken away too, by the names that it gives", () => {
  const added = hostRunPolicyObjects("anybody").map(({ resource, name }) => `${resource.plural} ${name}`);
  const deleted = POLICY_OBJECTS.flatMap(({ resource, names }) => names.map((name) => `${resource.plural} ${name}`));
  expect(new Set(deleted)).toEqual(new Set(added));
});

const OWN = {
  spec: {
    containers: [{ name: "web", image: "web:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    volumes: [{ name: "data", emptyDir: {} }],
  },
  metadata: { labels: { app: "web" } },
};

function aWorkload(template: unknown, annotations: Readonly<Record<string, string>> = {}) {
  return {
    metadata: { name: "web", namespace: "shop", resourceVersion: "7", annotations: { mine: "stays", ...annotations } },
    spec: { template },
  };
}

test("a workload that carries nothing of ours is left alone", () => {
  expect(planRemoval(DEPLOYMENTS, aWorkload(OWN))).toBeUndefined();
});

test("L96: a workload with our parts is what its owner wrote after them, and only if nobody changed it in between", () => {
  const injected = aWorkload(
    {
      metadata: { ...OWN.metadata, annotations: { "stash.appscode.com/last-applied-backup-invoker-hash": "1" } },
      spec: {
        containers: [
          ...OWN.spec.containers,
          {
            name: "stash",
            args: ["run-backup"],
            volumeMounts: [
              { name: "stash-tmp-dir", mountPath: "/stash-tmp" },
              { name: "data", mountPath: "/data" },
            ],
          },
        ],
        volumes: [...OWN.spec.volumes, { name: "stash-tmp-dir", emptyDir: {} }],
      },
    },
    { "stash.appscode.com/requested-injection": "1", "stash.appscode.com/last-applied-backup-invoker": "{}" },
  );
  const plan = planRemoval(DEPLOYMENTS, injected);
  expect(plan?.operations[0]).toEqual({ op: "replace", path: "/metadata/resourceVersion", value: "7" });
  const operations = structuredClone([...(plan?.operations ?? [])]);
  const { newDocument } = applyPatch(structuredClone(injected), operations, true, false);
  expect(newDocument.metadata.annotations).toEqual({ mine: "stays" });
  expect(newDocument.spec.template).toMatchObject(OWN);
  expect(JSON.stringify(newDocument)).not.toContain("stash");
});

test("D3: a Deployment whose restore is still open gets its strategy back with the rest", () => {
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } };
  const workload = {
    metadata: {
      name: "web",
      namespace: "demo",
      resourceVersion: "7",
      annotations: { "stash.appscode.com/kept-strategy": JSON.stringify(strategy), mine: "stays" },
    },
    spec: { strategy: { type: "Recreate" }, template: OWN },
  };
  const operations = structuredClone([...(planRemoval(DEPLOYMENTS, workload)?.operations ?? [])]);
  const { newDocument } = applyPatch(structuredClone(workload), operations, true, false);
  expect(newDocument.spec).toEqual({ strategy, template: OWN });
  expect(newDocument.metadata.annotations).toEqual({ mine: "stays" });
});
