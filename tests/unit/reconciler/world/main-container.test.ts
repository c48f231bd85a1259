/** C21: "the application's container" knows about injected neighbours. */
import { expect, test } from "vitest";
import { readPod } from "../../../../reconciler/world/pod-object.ts";

const stash = { name: "stash", args: ["run-backup"], volumeMounts: [{ name: "data", mountPath: "/data" }] };
const proxy = { name: "istio-proxy" };
const app = { name: "app", volumeMounts: [{ name: "data", mountPath: "/data" }] };
const other = { name: "other", volumeMounts: [{ name: "cache", mountPath: "/cache" }] };

const namesOf = (containers: readonly object[], annotations: object = {}, spec: object = {}) =>
  readPod({ metadata: { name: "p", annotations }, spec: { containers, ...spec } })?.containers;

test.each([
  ["the one that the pod's annotation names", [proxy, app, other, stash], "other", ["other", "istio-proxy", "app"]],
  ["else the first that mounts the data", [proxy, other, app, stash], undefined, ["app", "istio-proxy", "other"]],
  ["also where the annotation names none of them", [proxy, app, stash], "gone", ["app", "istio-proxy"]],
  ["never ours", [stash, app], "stash", ["app"]],
  ["else the first", [proxy, other, stash], undefined, ["istio-proxy", "other"]],
])("a command runs in %s", (_, containers, named, names) => {
  const annotations = named === undefined ? {} : { "kubectl.kubernetes.io/default-container": named };
  expect(namesOf(containers, annotations)).toEqual(names);
});

test("a sidecar among the init-containers tells the data as well", () => {
  const spec = { initContainers: [{ ...stash, restartPolicy: "Always" }] };
  expect(namesOf([proxy, app], {}, spec)).toEqual(["app", "istio-proxy"]);
});
