import { describe, expect, test } from "vitest";
import { applicationContainers } from "../../../../reconciler/run/application-container.ts";
import { readPod } from "../../../../reconciler/world/pod-object.ts";

const mount = (name: string, mountPath = `/${name}`) => ({ name, mountPath });
const SIDECAR = { name: "stash", volumeMounts: [mount("data"), { ...mount("logs", "/var/log/"), subPath: "app" }] };

function aPod(containers: readonly object[], annotations?: Readonly<Record<string, string>>) {
  return { metadata: { name: "web", namespace: "demo", ...(annotations && { annotations }) }, spec: { containers } };
}

describe("C21: the container that a hook means when it names none", () => {
  const proxy = { name: "istio-proxy", volumeMounts: [mount("istio-envoy")] };
  const app = { name: "app", volumeMounts: [mount("data")] };
  const logger = { name: "logger", volumeMounts: [mount("logs")] };

  test("is the one that has a volume in common with the sidecar, not a proxy that was put before it", () => {
    expect(readPod(aPod([proxy, app, logger, SIDECAR]))?.containers).toEqual(["app", "logger", "istio-proxy"]);
  });

  test("is the one that kubectl takes by default, before all others", () => {
    const annotations = { "kubectl.kubernetes.io/default-container": "logger" };
    expect(readPod(aPod([proxy, app, logger, SIDECAR], annotations))?.containers[0]).toBe("logger");
    const gone = { "kubectl.kubernetes.io/default-container": "gone" };
    expect(readPod(aPod([proxy, app, SIDECAR], gone))?.containers[0]).toBe("app");
  });

  test("is never one of ours, and the first where nothing tells them apart", () => {
    const annotations = { "kubectl.kubernetes.io/default-container": "stash" };
    expect(readPod(aPod([SIDECAR, proxy, { name: "other" }], annotations))?.containers).toEqual([
      "istio-proxy",
      "other",
    ]);
    expect(applicationContainers(aPod([{ name: "one" }, { name: "two" }]))).toEqual(["one", "two"]);
  });
});

test("C12: what the sidecar mounts is known with its parts", () => {
  expect(readPod(aPod([SIDECAR]))?.sidecar?.mounts).toEqual([
    { name: "data", mountPath: "/data" },
    { name: "logs", mountPath: "/var/log/", subPath: "app" },
  ]);
});
