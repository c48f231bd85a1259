import { expect, test } from "vitest";
import { isSameVolume, readMountingPod } from "../../../../reconciler/restore/mounting-pod.ts";
import { subPathOf } from "../../../../reconciler/restore/sub-path.ts";

const POD = { metadata: { name: "db-0", namespace: "demo" }, spec: { nodeName: "node-a" } };
const NAME = { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } };

function pathOf(subPathExpr: string, env: readonly object[] = [NAME]): string {
  return subPathOf(POD, { env }, { name: "files", mountPath: "/data", subPathExpr });
}

test("variables of the pod are filled in as the kubelet fills them in", () => {
  expect(pathOf("$(POD_NAME)")).toBe("db-0");
  expect(
    pathOf("logs-$(NODE)/$(PART)", [
      { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      { name: "PART", value: "first" },
      { name: "PART", value: "last" },
    ]),
  ).toBe("logs-node-a/last");
  expect(pathOf("a$$(POD_NAME)")).toBe("a$(POD_NAME)");
  expect(pathOf("web")).toBe("web");
});

test("what is not known here may be the whole volume", () => {
  const secret = { name: "PART", valueFrom: { secretKeyRef: { name: "parts", key: "part" } } };
  for (const env of [[], [secret], [{ name: "PART", value: "$(OTHER)" }]]) expect(pathOf("$(PART)", env)).toBe("");
});

test("D3: pods that have folders of their own in one volume are not in each other's way", () => {
  const volumesOf = (name: string, subPathExpr: string) => {
    const volumeMounts = [{ name: "files", mountPath: "/data", subPathExpr }];
    const volumes = [{ name: "files", persistentVolumeClaim: { claimName: "shared" } }];
    const spec = { nodeName: "node-a", containers: [{ name: "app", env: [NAME], volumeMounts }], volumes };
    return readMountingPod({ metadata: { name }, spec, status: { phase: "Running" } })?.volumes ?? [];
  };
  const isShared = (a: ReturnType<typeof volumesOf>, b: ReturnType<typeof volumesOf>) =>
    a.some((one) => b.some((other) => isSameVolume(one, other)));
  expect(isShared(volumesOf("db-0", "$(POD_NAME)"), volumesOf("db-1", "$(POD_NAME)"))).toBe(false);
  expect(isShared(volumesOf("db-0", "all"), volumesOf("db-1", "all"))).toBe(true);
  expect(isShared(volumesOf("db-0", "$(POD_NAME)"), volumesOf("db-1", "$(UNKNOWN)"))).toBe(true);
});
