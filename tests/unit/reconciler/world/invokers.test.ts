import { expect, test } from "vitest";
import { createWorld, type SeenNamespace } from "../../../../reconciler/world/informers.ts";
import { labelledWorkloads } from "../../../../reconciler/world/invokers.ts";
import { readWorkloadObject } from "../../../../reconciler/world/workload-object.ts";

const OUT = { "stash.appscode.com/inject": "disabled" };
const DEMO: SeenNamespace = { uid: "uid-demo", name: "demo", labels: {}, annotations: {} };

/** Names of the workloads with the batch's label that are its members. */
function joined(metadata: object, namespace: SeenNamespace = DEMO): readonly string[] {
  const empty = createWorld({
    client: { listPages: () => (async function* () {})(), watch: () => (async function* () {})() },
    onProblem: () => undefined,
    onFail: () => undefined,
  });
  const object = readWorkloadObject("Deployment", {
    metadata: { name: "web", namespace: "demo", ...metadata },
    spec: { template: { spec: { containers: [] } } },
  });
  if (object === undefined) throw new Error("it is no workload");
  const world = {
    ...empty,
    namespaces: { ...empty.namespaces, get: () => namespace },
    workloads: { ...empty.workloads, Deployment: { ...empty.workloads.Deployment, byIndex: () => [object] } },
  };
  return labelledWorkloads(world, "demo", "nightly").map(({ facts }) => facts.name);
}

test("a workload with a batch's label is a member of it", () => {
  expect(joined({})).toEqual(["web"]);
});

test.each([
  ["it opts out by an annotation", { annotations: OUT }, DEMO],
  ["it opts out by a label", { labels: OUT }, DEMO],
  ["its namespace opts out by an annotation", {}, { ...DEMO, annotations: OUT }],
  ["its namespace opts out by a label", {}, { ...DEMO, labels: OUT }],
])("but not where %s: it has no sidecar that could save it", (_why, metadata, namespace) => {
  expect(joined(metadata, namespace)).toEqual([]);
});
