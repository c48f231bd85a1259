import { describe, expect, test } from "vitest";
import { DEFAULT_RESOURCES } from "../../../../shared/injection/container-resources.ts";
import { OWN_ENV } from "../../../../shared/injection/container-settings.ts";
import { type InjectionPlan, planInjection } from "../../../../shared/injection/plan.ts";
import type { InjectionSettings } from "../../../../shared/injection/view.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { aBackup, aBatch, aDeployment, aRepository, aRestore, aView, SETTINGS } from "../../webhook/builders.ts";

function containerOf(plan: InjectionPlan): JsonObject {
  if (plan.backup === undefined) throw new Error(`no container: ${plan.reason}`);
  return plan.backup.container;
}

const planOf = (change: Parameters<typeof aView>[0]) => planInjection(aView(change));
const settingsOf = (container: JsonObject) => ({ spec: { runtimeSettings: { container } } });

describe("mounts", () => {
  test("L27: are taken over whole: read-only, sub-paths and propagation", () => {
    const mount = {
      name: "data",
      mountPath: "/data",
      readOnly: true,
      subPathExpr: "$(POD_NAME)",
      mountPropagation: "HostToContainer",
      recursiveReadOnly: "IfPossible",
    };
    const plan = planOf({ backups: [aBackup({ target: { volumeMounts: [mount] } })] });
    expect(containerOf(plan)["volumeMounts"]).toContainEqual(mount);
  });

  test("of several invokers are united; a path is used once, and the oldest invoker has it", () => {
    const workload = aDeployment({ podSpec: { volumes: [{ name: "data" }, { name: "logs" }] } });
    const older = aBackup({ name: "older", metadata: { creationTimestamp: "2023-01-01T00:00:00Z" } });
    const newer = aBackup({
      name: "newer",
      target: {
        volumeMounts: [
          { name: "logs", mountPath: "/data/" },
          { name: "logs", mountPath: "/logs" },
          { name: "data", mountPath: "/data" },
        ],
      },
    });
    const plan = planOf({ workload, backups: [newer, older] });
    const mounts = containerOf(plan)["volumeMounts"];
    expect(Array.isArray(mounts) && mounts.slice(-2)).toEqual([
      { name: "data", mountPath: "/data" },
      { name: "logs", mountPath: "/logs" },
    ]);
    expect(plan.warnings.join()).toContain("/data/ is wanted twice");
  });

  test("can't take the places that the agent needs", () => {
    const plan = planOf({
      backups: [aBackup({ target: { volumeMounts: [{ name: "data", mountPath: "/stash-tmp/" }] } })],
    });
    expect(JSON.stringify(containerOf(plan)["volumeMounts"])).not.toContain('"name":"data"');
    expect(plan.warnings.join()).toContain("/stash-tmp/");
  });

  test("may name a claim template of a StatefulSet", () => {
    const workload = aDeployment({
      kind: "StatefulSet",
      podSpec: { volumes: undefined },
      spec: { volumeClaimTemplates: [{ metadata: { name: "data" } }] },
    });
    const backup = aBackup({ target: { ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "web" } } });
    expect(planOf({ workload, backups: [backup] }).reason).toBe("Injected");
  });
});

test("a member without paths gets its sidecar, and its author a warning with the next step", () => {
  const plan = planOf({ backups: [aBackup({ target: { paths: [] } })] });
  expect(plan.reason).toBe("Injected");
  expect(plan.warnings.join()).toMatch(/web-backup names no paths.*next: set target\.paths/);
  expect(planOf({ backups: [aBackup()] }).warnings).toEqual([]);
});

describe("several invokers of one workload", () => {
  test("L32: are served by one sidecar, with the Secrets of all their Repositories", () => {
    const other = aRepository({ metadata: { name: "other" }, spec: { backend: { storageSecretName: "second" } } });
    const plan = planOf({ backups: [aBackup(), aBackup({ name: "weekly", repository: other })] });
    const secrets = plan.backup?.volumes.filter(({ secret }) => secret !== undefined);
    expect(secrets?.map(({ secret }) => secret)).toEqual([
      { secretName: "backend", defaultMode: 420, optional: true },
      { secretName: "second", defaultMode: 420, optional: true },
    ]);
  });

  test("that contradict each other: the oldest one's settings count, and everyone is told", () => {
    const older = aBackup({
      name: "older",
      metadata: { creationTimestamp: "2023-01-01T00:00:00Z" },
      ...settingsOf({ resources: { limits: { cpu: "1" } } }),
    });
    const newer = aBackup({ name: "newer", ...settingsOf({ resources: { limits: { cpu: "9" } } }) });
    const plan = planOf({ backups: [newer, older] });
    expect(containerOf(plan)["resources"]).toMatchObject({ limits: { cpu: "1" } });
    expect(plan.warnings).toEqual([
      "several invokers name the workload with different runtimeSettings.container: that of BackupConfiguration demo/older counts",
    ]);
  });

  test("agree when only one of them has settings", () => {
    const plan = planOf({
      backups: [aBackup(), aBackup({ name: "b", ...settingsOf({ resources: { limits: { cpu: "9" } } }) })],
    });
    expect(containerOf(plan)["resources"]).toMatchObject({ limits: { cpu: "9" } });
    expect(plan.warnings).toEqual([]);
  });

  test("give one hash in whatever order they are read", () => {
    const backups = [aBackup(), aBackup({ name: "b", ...settingsOf({ env: [{ name: "A", value: "1" }] }) }), aBatch()];
    const hashes = [backups, backups.toReversed()].map((sources) => planOf({ backups: sources }).backup?.hash);
    expect(hashes[0]).toBe(hashes[1]);
  });

  test("keep the hash when the oldest of them goes and all want the same", () => {
    const older = aBackup({ name: "older", metadata: { creationTimestamp: "2023-01-01T00:00:00Z" } });
    expect(planOf({ backups: [older, aBackup()] }).backup?.hash).toBe(planOf({ backups: [aBackup()] }).backup?.hash);
  });
});

describe("runtime settings", () => {
  test("L30: requests count without limits", () => {
    const resources = { requests: { memory: "65Mi" } };
    const backups = [aBackup(settingsOf({ resources }))];
    const settings = { ...SETTINGS, resources: { sidecar: {}, restore: {}, job: {} } };
    expect(containerOf(planOf({ backups, settings }))["resources"]).toEqual(resources);
    expect(containerOf(planOf({ backups }))["resources"]).toEqual({
      requests: { cpu: "10m", memory: "65Mi" },
      limits: { cpu: "1", memory: "1Gi" },
    });
  });

  test("C1: resources are asked for by the workload too, under those of runtimeSettings, and that is part of the hash", () => {
    const asking = (resources: string) =>
      aDeployment({ metadata: { annotations: { "stash.appscode.com/resources": resources } } });
    const workload = asking("requests.cpu=20m,requests.memory=96Mi");
    const backups = [aBackup(settingsOf({ resources: { requests: { cpu: "30m" } } }))];
    const plan = planOf({ workload, backups });
    expect(containerOf(plan)["resources"]).toMatchObject({ requests: { cpu: "30m", memory: "96Mi" } });
    expect(plan.backup?.hash).not.toBe(planOf({ backups }).backup?.hash);
    const wrong = planOf({ workload: asking("much"), backups });
    expect(wrong.backup?.hash).toBe(planOf({ backups }).backup?.hash);
    expect(wrong.warnings.join()).toContain("annotation stash.appscode.com/resources");
  });

  test("C1: other defaults of the installation change the container and not the hash", () => {
    const backups = [aBackup()];
    const other = { ...SETTINGS, resources: { ...DEFAULT_RESOURCES, sidecar: { requests: { cpu: "99m" } } } };
    const [before, after] = [planOf({ backups }), planOf({ backups, settings: other })];
    expect(containerOf(after)["resources"]).toEqual({ requests: { cpu: "99m" } });
    expect(after.backup?.hash).toBe(before.backup?.hash);
    const followed = (settings: InjectionSettings) =>
      planOf({ backups, settings: { ...settings, followsImage: true } });
    expect(followed(other).backup?.hash).not.toBe(followed(SETTINGS).backup?.hash);
  });

  test("L29: settings of the pod change nothing", () => {
    const pod = {
      podLabels: { a: "b" },
      nodeName: "n",
      priority: 9,
      securityContext: { runAsUser: 0 },
      serviceAccountName: "root",
    };
    const plan = planOf({ backups: [aBackup({ spec: { runtimeSettings: { pod } } })] });
    expect(plan.backup).toEqual(planOf({ backups: [aBackup()] }).backup);
  });

  test("set environment, probes, lifecycle, nice and ionice", () => {
    const container = containerOf(
      planOf({
        backups: [
          aBackup(
            settingsOf({
              env: [
                { name: "HTTPS_PROXY", value: "p" },
                { name: "NICE_ADJUSTMENT", value: "1" },
              ],
              envFrom: [{ secretRef: { name: "s" } }],
              nice: { adjustment: 5 },
              ionice: { class: 2, classData: 4 },
              livenessProbe: { exec: { command: ["true"] } },
              lifecycle: { preStop: { exec: { command: ["true"] } } },
            }),
          ),
        ],
      }),
    );
    expect(container).toMatchObject({
      envFrom: [{ secretRef: { name: "s" } }],
      livenessProbe: { exec: { command: ["true"] } },
      lifecycle: { preStop: { exec: { command: ["true"] } } },
    });
    expect(Array.isArray(container["env"]) && container["env"].slice(OWN_ENV.length)).toEqual([
      { name: "NICE_ADJUSTMENT", value: "1" },
      { name: "IONICE_CLASS", value: "2" },
      { name: "IONICE_CLASS_DATA", value: "4" },
      { name: "HTTPS_PROXY", value: "p" },
    ]);
  });

  test("can't take away what tells the agent its pod", () => {
    const plan = planOf({ backups: [aBackup(settingsOf({ env: [{ name: "POD_UID", value: "x" }] }))] });
    expect(JSON.stringify(containerOf(plan)["env"])).not.toContain('"x"');
    expect(plan.warnings.join()).toContain("POD_UID");
  });
});

describe("a local backend", () => {
  const withLocal = (local: JsonObject, change: JsonObject = {}) =>
    aRepository({ spec: { backend: { storageSecretName: "s", local }, ...change } });

  test.each([
    ["hostPath", { path: "/srv/backup" }],
    ["nfs", { server: "nfs.test", path: "/backup" }],
    ["persistentVolumeClaim", { claimName: "backup" }],
    ["cephfs", { monitors: ["m"] }],
  ])("%s is mounted into the container at its mountPath", (kind, source) => {
    const plan = planOf({
      backups: [aBackup({ repository: withLocal({ [kind]: source, mountPath: "/safe", subPath: "a" }) })],
    });
    const volume = plan.backup?.volumes.find((one) => kind in one);
    expect(volume).toEqual({ name: expect.stringMatching(/^stash-local-/), [kind]: source });
    expect(containerOf(plan)["volumeMounts"]).toContainEqual({
      name: volume?.["name"],
      mountPath: "/safe",
      subPath: "a",
    });
  });

  test("that Pod Security would refuse is not added, so that the application's pods are still made", () => {
    const repository = withLocal({ hostPath: { path: "/srv" }, mountPath: "/safe" });
    for (const profile of ["baseline", "restricted"]) {
      const namespace = { labels: { "pod-security.kubernetes.io/enforce": profile } };
      expect(planOf({ backups: [aBackup({ repository })], namespace }).reason).toBe("BackendUnusable");
    }
    expect(planOf({ backups: [aBackup({ repository })] }).reason).toBe("Injected");
  });

  test("S12: that its Repository's owner lays over our program or our files is not mounted", () => {
    for (const mountPath of ["/opt/stash-batch", "/usr/local/bin", "/safe/../etc/stash/repository", "/stash-tmp"]) {
      const repository = withLocal({ nfs: { server: "n", path: "/" }, mountPath });
      expect(planOf({ backups: [aBackup({ repository })] }).reason).toBe("BackendUnusable");
    }
  });

  test("that is a claim of another namespace can't be mounted", () => {
    const repository = aRepository({
      metadata: { namespace: "vault" },
      spec: {
        backend: { local: { persistentVolumeClaim: { claimName: "c" }, mountPath: "/safe" } },
        usagePolicy: { allowedNamespaces: { from: "All" } },
      },
    });
    expect(planOf({ backups: [aBackup({ repository })] }).reason).toBe("BackendUnusable");
  });
});

describe("the pod's other containers", () => {
  test("L75: get neither the backend Secret nor our token: only our container mounts them", () => {
    const plan = planOf({ backups: [aBackup()] });
    expect(plan.backup?.volumes.map(({ name }) => name)).toEqual([
      "stash-tmp-dir",
      "stash-identity",
      expect.stringMatching(/^stash-secret-/),
    ]);
    expect(JSON.stringify(plan.backup)).not.toContain("serviceAccountName");
  });

  test("start whether or not the Secret and the cluster's CA are there", () => {
    const volumes = JSON.stringify(planOf({ backups: [aBackup()] }).backup?.volumes);
    expect(volumes.match(/"optional":true/g)).toHaveLength(2);
  });
});

describe("the hash", () => {
  test("of a restore tells a second one of the same name from the first", () => {
    const hashOf = (uid: string) => planOf({ restores: [aRestore({ metadata: { uid } })] }).restore?.hash;
    expect(hashOf("one")).not.toBe(hashOf("two"));
  });

  test("follows the user of the application", () => {
    const workload = aDeployment({ podSpec: { securityContext: { runAsUser: 7 } } });
    expect(planOf({ workload, backups: [aBackup()] }).backup?.hash).not.toBe(
      planOf({ backups: [aBackup()] }).backup?.hash,
    );
  });
});
