import { describe, expect, test } from "vitest";
import { resolveAppPlace } from "../../../../reconciler/hooks/service-place.ts";
import { FakeApi } from "../fake-api.ts";

const signal = new AbortController().signal;
const PLACE = { namespace: "demo", pod: "job-x", podIp: undefined, container: undefined, behindApp: "db" };

function anApi(service: object | undefined) {
  const api = new FakeApi();
  api.put("appbindings", {
    apiVersion: "appcatalog.appscode.com/v1alpha1",
    kind: "AppBinding",
    metadata: { name: "db", namespace: "demo" },
    spec: {
      clientConfig:
        service === undefined ? { url: "tcp://h:1" } : { service: { scheme: "mysql", port: 1, ...service } },
    },
  });
  for (const namespace of ["demo", "victim"]) {
    const addresses = [{ targetRef: { kind: "Pod", name: "bank-0", namespace: "victim" } }];
    api.put("endpoints", { metadata: { name: "bank", namespace }, subsets: [{ addresses }] });
  }
  api.put("pods", { metadata: { name: "bank-0", namespace: "victim" }, spec: { containers: [{ name: "bank" }] } });
  return api;
}

const found = (service: object | undefined) => resolveAppPlace(anApi(service).client, PLACE, signal);

describe("the place behind an AppBinding", () => {
  test("S1: is never in another namespace: the Service's is an address", async () => {
    await expect(found({ name: "bank", namespace: "victim" })).rejects.toEqual(
      expect.objectContaining({ code: "OUTSIDE_NAMESPACE" }),
    );
    await expect(found({ name: "bank", namespace: "kube-system" })).rejects.toThrow("kube-system");
  });

  test("S1: is not where endpoints of the own namespace point to either", async () => {
    await expect(found({ name: "bank" })).rejects.toThrow("no pod is behind Service demo/bank");
  });

  test("is the pod behind the Service of the own namespace, by its first container", async () => {
    const api = anApi({ name: "bank", namespace: "demo" });
    api.put("pods", { metadata: { name: "bank-0", namespace: "demo" }, spec: { containers: [{ name: "own" }] } });
    expect(await resolveAppPlace(api.client, PLACE, signal)).toMatchObject({
      namespace: "demo",
      pod: "bank-0",
      container: "own",
    });
  });

  test("is told as anywhere else which of the containers is the application's: ours and a proxy may stand before it", async () => {
    const api = anApi({ name: "bank", namespace: "demo" });
    const mount = { name: "data", mountPath: "/data" };
    const own = { name: "stash", args: ["run-backup"], volumeMounts: [mount] };
    const containers = [own, { name: "istio-proxy" }, { name: "db", volumeMounts: [mount] }];
    api.put("pods", { metadata: { name: "bank-0", namespace: "demo" }, spec: { containers } });
    expect(await resolveAppPlace(api.client, PLACE, signal)).toMatchObject({ container: "db" });
  });

  test("L72: is told to be missing where the AppBinding has no Service, or is gone", async () => {
    await expect(found(undefined)).rejects.toThrow("has no Service");
    await expect(resolveAppPlace(new FakeApi().client, PLACE, signal)).rejects.toThrow("does not exist");
  });
});

describe("D17: the pod of an earlier hook", () => {
  const EARLIER = { ...PLACE, ranIn: { pod: "db-1", uid: "uid-db-1" } };

  function aService(status: object = { phase: "Running" }, uid = "uid-db-1") {
    const api = anApi({ name: "db" });
    const addresses = [{ targetRef: { kind: "Pod", name: "db-0" } }];
    api.put("endpoints", { metadata: { name: "db", namespace: "demo" }, subsets: [{ addresses }] });
    for (const pod of [
      { name: "db-0", uid: "uid-db-0" },
      { name: "db-1", uid },
    ]) {
      api.put("pods", {
        metadata: { ...pod, namespace: "demo" },
        spec: { containers: [{ name: "postgres" }] },
        status,
      });
    }
    return resolveAppPlace(api.client, EARLIER, signal);
  }

  test("is taken while it lives, though the Service leads to another one now", async () => {
    expect(await aService()).toMatchObject({ pod: "db-1", container: "postgres" });
  });

  test.each<[string, Parameters<typeof aService>]>([
    ["has ended", [{ phase: "Failed" }]],
    ["is another one of the same name", [{ phase: "Running" }, "uid-other"]],
  ])("is left for one behind the Service when it %s", async (_what, how) => {
    expect(await aService(...how)).toMatchObject({ pod: "db-0", ranIn: { pod: "db-0", uid: "uid-db-0" } });
  });
});
