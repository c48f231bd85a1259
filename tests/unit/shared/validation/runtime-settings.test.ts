/** What no API server accepts is refused with its field; what some server accepts is let through. */
import { describe, expect, test } from "vitest";
import { parseBackupBlueprint } from "../../../../shared/api/backup-blueprint.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { isFault } from "../../../../shared/validation/finding.ts";
import { findBackupInvokerFindings, findBlueprintFindings } from "../../../../webhook/validate/backup-invoker.ts";
import { TARGET } from "../../webhook/builders.ts";

function faultsOf(change: { container?: JsonObject; spec?: JsonObject; mount?: JsonObject }): readonly string[] {
  const { container = {}, spec = {}, mount = {} } = change;
  const invoker = parseBackupConfiguration({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "b", namespace: "demo" },
    spec: {
      schedule: "0 3 * * *",
      repository: { name: "repo" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      target: { ...TARGET, volumeMounts: [{ name: "data", mountPath: "/data", ...mount }] },
      runtimeSettings: { container },
      ...spec,
    },
  });
  return findBackupInvokerFindings(invoker)
    .filter(isFault)
    .map(({ field, next }) => (next === "" ? "no fix" : field));
}

const C = "spec.runtimeSettings.container";
const wrong: readonly (readonly [string, JsonObject, string])[] = [
  [
    "a request above the limit",
    { resources: { requests: { cpu: "2" }, limits: { cpu: "1500m" } } },
    "resources.requests.cpu",
  ],
  [
    "one in other units",
    { resources: { requests: { memory: "1Gi" }, limits: { memory: "1G" } } },
    "resources.requests.memory",
  ],
  ["a negative amount", { resources: { limits: { memory: "-1" } } }, "resources.limits.memory"],
  ["a resource of volumes", { resources: { requests: { storage: "1Gi" } } }, "resources.requests.storage"],
  ["an unknown resource", { resources: { limits: { gpu: 1 } } }, "resources.limits.gpu"],
  ["half a device", { resources: { limits: { "nvidia.com/gpu": "500m" } } }, "resources.limits.nvidia.com/gpu"],
  ["a device without limit", { resources: { requests: { "nvidia.com/gpu": 1 } } }, "resources.requests.nvidia.com/gpu"],
  ["a name that begins with a digit", { env: [{ name: "1A", value: "x" }] }, "env[0].name"],
  ["a name with a space", { env: [{ name: "OK" }, { name: "A B" }] }, "env[1].name"],
  ["a name with an equals sign", { env: [{ name: "A=B" }] }, "env[0].name"],
  ["an empty name", { env: [{ name: "" }] }, "env[0].name"],
  [
    "two origins of a value",
    { env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
    "env[0].valueFrom",
  ],
  ["no origin of a value", { env: [{ name: "A", valueFrom: {} }] }, "env[0].valueFrom"],
  [
    "a field that is none",
    { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.containers" } } }] },
    "env[0].valueFrom.fieldRef.fieldPath",
  ],
  [
    "a key that is none",
    { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "a/b" } } }] },
    "env[0].valueFrom.secretKeyRef.key",
  ],
  [
    "a Secret that can't be",
    { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "S_s", key: "a" } } }] },
    "env[0].valueFrom.secretKeyRef.name",
  ],
  ["variables from nowhere", { envFrom: [{}] }, "envFrom[0]"],
  ["variables from two places", { envFrom: [{ secretRef: { name: "a" }, configMapRef: { name: "b" } }] }, "envFrom[0]"],
  ["a prefix that begins no name", { envFrom: [{ prefix: "1", secretRef: { name: "a" } }] }, "envFrom[0].prefix"],
  ["privileged beside our default", { securityContext: { privileged: true } }, "securityContext.privileged"],
  [
    "privileged that may not escalate",
    { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
    "securityContext.privileged",
  ],
  [
    "CAP_SYS_ADMIN that may not escalate",
    { securityContext: { capabilities: { add: ["CAP_SYS_ADMIN"] } } },
    "securityContext.capabilities.add",
  ],
  ["a negative user", { securityContext: { runAsUser: -1 } }, "securityContext.runAsUser"],
  ["a group above all", { securityContext: { runAsGroup: 2 ** 31 } }, "securityContext.runAsGroup"],
  ["root that may not be root", { securityContext: { runAsUser: 0, runAsNonRoot: true } }, "securityContext.runAsUser"],
  [
    "an unknown seccomp profile",
    { securityContext: { seccompProfile: { type: "Strict" } } },
    "securityContext.seccompProfile.type",
  ],
  [
    "a local seccomp profile without file",
    { securityContext: { seccompProfile: { type: "Localhost" } } },
    "securityContext.seccompProfile.localhostProfile",
  ],
  ["a probe without handler", { livenessProbe: { periodSeconds: 5 } }, "livenessProbe"],
  ["a probe with two", { readinessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } }, "readinessProbe"],
  ["a probe of no command", { livenessProbe: { exec: { command: [] } } }, "livenessProbe.exec.command"],
  ["a probe of no port", { livenessProbe: { httpGet: { port: 0 } } }, "livenessProbe.httpGet.port"],
  [
    "a probe of a port without a letter",
    { livenessProbe: { tcpSocket: { port: "80" } } },
    "livenessProbe.tcpSocket.port",
  ],
  [
    "a probe before time",
    { livenessProbe: { tcpSocket: { port: 80 }, initialDelaySeconds: -1 } },
    "livenessProbe.initialDelaySeconds",
  ],
  [
    "a liveness probe that wants two answers",
    { livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } },
    "livenessProbe.successThreshold",
  ],
  ["a lifecycle without handler", { lifecycle: { preStop: {} } }, "lifecycle.preStop"],
];

describe("settings of the container", () => {
  test.each(wrong)("C3: %s is refused", (_what, container, field) => {
    expect(faultsOf({ container })).toEqual([`${C}.${field}`]);
  });

  test("C3: what API servers accept is let through", () => {
    const container = {
      resources: {
        requests: { cpu: "0.5", memory: "1Gi", "nvidia.com/gpu": 1 },
        limits: { cpu: "500m", "ephemeral-storage": "2Gi", "nvidia.com/gpu": "1" },
      },
      env: [
        { name: "HTTPS_PROXY", value: "http://proxy:3128" },
        { name: "my.dotted-name_1" },
        { name: "A", valueFrom: { secretKeyRef: { name: "s", key: ".dockerconfigjson", optional: true } } },
        { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: "D", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      ],
      envFrom: [{ prefix: "X_", configMapRef: { name: "c" } }],
      securityContext: { privileged: true, allowPrivilegeEscalation: true, seccompProfile: { type: "Unconfined" } },
      livenessProbe: { exec: { command: ["true"] }, terminationGracePeriodSeconds: 5 },
      readinessProbe: { httpGet: { port: "http", scheme: "HTTPS" }, successThreshold: 3 },
      lifecycle: { preStop: { exec: { command: ["sync"] } } },
    };
    expect(faultsOf({ container })).toEqual([]);
  });
});

describe("mounts and scratch space", () => {
  const V = "spec.target.volumeMounts[0]";
  test.each<[string, JsonObject, string]>([
    ["a path with a colon", { mountPath: "/a:b" }, "mountPath"],
    ["an absolute sub-path", { subPath: "/a" }, "subPath"],
    ["a sub-path that leads out", { subPath: "a/../../b" }, "subPath"],
    ["an expression that leads out", { subPathExpr: "../$(POD_NAME)" }, "subPathExpr"],
    ["two sub-paths", { subPath: "a", subPathExpr: "b" }, "subPathExpr"],
    ["an unknown propagation", { mountPropagation: "Both" }, "mountPropagation"],
    ["a propagation that needs more", { mountPropagation: "Bidirectional" }, "mountPropagation"],
  ])("C3: %s is refused", (_what, mount, field) => {
    expect(faultsOf({ mount })).toEqual([`${V}.${field}`]);
  });

  test("C3: no path is refused", () => {
    expect(faultsOf({ mount: { mountPath: "" } })).toContain(`${V}.mountPath`);
  });

  test("C3: scratch space of an unknown medium or of a negative size is refused", () => {
    expect(faultsOf({ spec: { tempDir: { medium: "Disk", sizeLimit: "-1" } } })).toEqual([
      "spec.tempDir.medium",
      "spec.tempDir.sizeLimit",
    ]);
    expect(faultsOf({ spec: { tempDir: { medium: "Memory", sizeLimit: "1Gi" } } })).toEqual([]);
    expect(faultsOf({ mount: { subPath: "a/..b", mountPropagation: "HostToContainer" } })).toEqual([]);
  });
});

test("C3: settings of a blueprint are looked at too, but for names that are known only with a target", () => {
  const blueprintOf = (env: JsonObject) =>
    parseBackupBlueprint({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBlueprint",
      metadata: { name: "b" },
      spec: {
        backend: { storageSecretName: "s", s3: { endpoint: "e", bucket: "b" } },
        schedule: "0 3 * * *",
        retentionPolicy: { name: "keep", keepLast: 5, prune: true },
        runtimeSettings: { container: { env: [env] } },
      },
    });
  const ofTarget = { name: "A", valueFrom: { secretKeyRef: { name: "${TARGET_NAME}-auth", key: "k" } } };
  expect(findBlueprintFindings(blueprintOf(ofTarget)).filter(isFault)).toEqual([]);
  const fields = findBlueprintFindings(blueprintOf({ name: "1" })).map(({ field }) => field);
  expect(fields).toContain(`${C}.env[0].name`);
});
