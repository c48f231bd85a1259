/**
 * What goes into the hash is frozen: a new number here means that an upgrade of the product restarts every pod that
 * carries one of its containers. Only change them together with HASH_FORMAT, and say so in the change log.
 */
import { expect, test } from "vitest";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { aBackup, aDeployment, aRepository, aRestore, aView, SETTINGS } from "../../webhook/builders.ts";

const everything = {
  volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true, subPath: "a" }],
};
const settings = {
  runtimeSettings: {
    container: {
      resources: { limits: { cpu: "1" }, requests: { memory: "64Mi" } },
      env: [{ name: "A", value: "1" }],
      envFrom: [{ configMapRef: { name: "c" } }],
      nice: { adjustment: 5 },
      ionice: { class: 2, classData: 4 },
      securityContext: { runAsUser: 1005 },
      livenessProbe: { exec: { command: ["true"] } },
    },
  },
  tempDir: { medium: "Memory", sizeLimit: "1Gi" },
};
const local = aRepository({
  spec: { backend: { storageSecretName: "s", local: { nfs: { server: "n", path: "/" }, mountPath: "/safe" } } },
});

test.each([
  ["a plain backup", aView({ backups: [aBackup()] }), "2045939820686980136"],
  [
    "a backup with every setting and a local backend",
    aView({ backups: [aBackup({ target: everything, spec: settings, repository: local })] }),
    "3753279724911858916",
  ],
  [
    "a native sidecar with a command",
    aView({ backups: [aBackup()], settings: { ...SETTINGS, nativeSidecar: true, command: ["/agent"] } }),
    "14366012336114095245",
  ],
  [
    "a backup as the application's user in a restricted namespace",
    aView({
      workload: aDeployment({ podSpec: { securityContext: { runAsUser: 7 } } }),
      backups: [aBackup()],
      namespace: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    }),
    "243756486138551350",
  ],
])("the hash of %s stays", (_name, view, hash) => {
  expect(planInjection(view).backup?.hash).toBe(hash);
});

test("the hash of a restore stays", () => {
  expect(planInjection(aView({ restores: [aRestore()] })).restore?.hash).toBe("971955642345382738");
});

test("the image is no part of the hash, unless the installation wants workloads to follow it", () => {
  const hashOf = (image: string, followsImage: boolean) =>
    planInjection(aView({ backups: [aBackup()], settings: { ...SETTINGS, image, followsImage } })).backup?.hash;
  expect(hashOf("a:1", false)).toBe(hashOf("a:2", false));
  expect(hashOf("a:1", true)).not.toBe(hashOf("a:2", true));
});
