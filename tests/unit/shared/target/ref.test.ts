import { expect, test } from "vitest";
import { canonicalJson, fnv1a64Decimal, shortHash } from "../../../../shared/hash.ts";
import { hostName, podOrdinal } from "../../../../shared/target/hosts.ts";
import { isSidecarModel, resolveTargetRef, targetLabelKey } from "../../../../shared/target/ref.ts";

const web = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

test("an empty namespace means the invoker's", () => {
  const resolved = resolveTargetRef(web, "demo");
  expect(resolved.namespace).toBe("demo");
  expect(resolveTargetRef({ ...web, namespace: "demo" }, "other")).toEqual(resolved);
  expect(resolveTargetRef(web, "other")).not.toEqual(resolved);
});

test("a missing target is upstream's EmptyTarget", () => {
  expect(resolveTargetRef(undefined, "demo")).toEqual({
    apiVersion: "na",
    kind: "EmptyTarget",
    name: "na",
    namespace: "demo",
  });
});

test("a workload without task runs in the sidecar model, anything else as a job", () => {
  expect(isSidecarModel(web, undefined)).toBe(true);
  expect(isSidecarModel(web, "")).toBe(true);
  expect(isSidecarModel(web, "custom")).toBe(false);
  expect(isSidecarModel({ kind: "PersistentVolumeClaim", name: "data" }, undefined)).toBe(false);
});

test("a target's label key is a valid label key, whatever the name", () => {
  const key = targetLabelKey(resolveTargetRef({ ...web, name: "w".repeat(253) }, "n".repeat(63)));
  const [, name] = key.split("/");
  expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
  expect(name?.length).toBeLessThanOrEqual(63);
});

test.each([
  [{ kind: "Deployment" }, "host-0"],
  [{ kind: "Deployment", alias: "app" }, "app"],
  [{ kind: "Deployment", alias: "" }, "host-0"],
  [{ kind: "StatefulSet", ordinal: 2 }, "host-2"],
  [{ kind: "StatefulSet", alias: "db", ordinal: 0 }, "db-0"],
  [{ kind: "StatefulSet", alias: "db" }, undefined],
  [{ kind: "DaemonSet", nodeName: "n1" }, "n1"],
  [{ kind: "DaemonSet", alias: "logs", nodeName: "n1" }, "logs-n1"],
  [{ kind: "DaemonSet" }, undefined],
  [{ kind: "PersistentVolumeClaim", alias: "files" }, "files"],
])("host of %j is %s", (source, expected) => {
  expect(hostName(source)).toBe(expected);
});

test("a pod's ordinal is the number after its last dash", () => {
  expect(podOrdinal("my-db-12")).toBe(12);
  expect(podOrdinal("my-db")).toBeUndefined();
});

test("the hash is FNV-1a with 64 bits", () => {
  expect(fnv1a64Decimal("")).toBe("14695981039346656037");
  expect(fnv1a64Decimal("a")).toBe(0xaf63dc4c8601ec8cn.toString(10));
  expect(shortHash("anything")).toMatch(/^[0-9a-z]{10}$/);
});

test("equal values give equal text, whatever the order of their keys", () => {
  expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"d":1}]}');
});
