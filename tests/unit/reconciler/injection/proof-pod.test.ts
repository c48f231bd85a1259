import { expect, test } from "vitest";
import { buildProofPod } from "../../../../reconciler/injection/proof-pod.ts";
import { aWorkload } from "./builders.ts";

test("a pod for a dry run is the template's, owned as its controller would own it", () => {
  const workload = aWorkload({ applied: "1" });
  const pod = buildProofPod(workload, workload.facts.podTemplate);
  expect(pod).toMatchObject({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-dry-run",
      namespace: "demo",
      labels: { app: "web" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", uid: "workload-uid", controller: true }],
    },
    spec: { containers: [{ name: "app" }, { name: "stash" }] },
  });
});

test("a StatefulSet's has a claim for each claim template, in place of a volume of that name", () => {
  const volumes = [
    { name: "data", emptyDir: {} },
    { name: "other", emptyDir: {} },
  ];
  const workload = aWorkload({
    kind: "StatefulSet",
    spec: {
      ordinals: { start: 4 },
      volumeClaimTemplates: [{ metadata: { name: "data" } }],
      template: { spec: { containers: [{ name: "app" }], volumes } },
    },
  });
  expect(buildProofPod(workload, workload.facts.podTemplate)).toMatchObject({
    metadata: { ownerReferences: [{ kind: "StatefulSet", name: "web" }] },
    spec: {
      volumes: [
        { name: "other", emptyDir: {} },
        { name: "data", persistentVolumeClaim: { claimName: "data-web-4" } },
      ],
    },
  });
});
