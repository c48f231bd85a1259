import { describe, expect, test } from "vitest";
import { isInjectionCurrent } from "../../../reconciler/injection/state.ts";
import { planInjection } from "../../../shared/injection/plan.ts";
import { type JsonObject, readWorkload } from "../../../shared/injection/workload.ts";
import { isJsonObject, listAt } from "../../../shared/json/value.ts";
import { admit, edited, sidecarIn } from "./apply.ts";
import { aBackup, aDeployment, aRepository, aView, SETTINGS } from "./builders.ts";

const repository = aRepository({
  spec: {
    backend: { storageSecretName: "backend", local: { mountPath: "/safe/data", nfs: { server: "nfs", path: "/a" } } },
  },
});
const backups = [aBackup({ repository })];
const injected = admit({ backups }).workload;

/** The injected workload with its sidecar, or its volumes, changed by hand. */
function tampered(change: JsonObject, volumes: (volume: JsonObject) => JsonObject = (volume) => volume) {
  return edited(injected, (spec) => {
    spec["containers"] = listAt(spec, "containers").map((container) =>
      isJsonObject(container) && container["name"] === "stash" ? { ...container, ...change } : container,
    );
    spec["volumes"] = listAt(spec, "volumes").map((volume) => (isJsonObject(volume) ? volumes(volume) : volume));
  });
}

function isCurrent(workload: unknown): boolean {
  const facts = readWorkload(workload, "demo");
  if (facts === undefined) throw new Error("no workload");
  const plan = planInjection(aView({ workload, backups }));
  return isInjectionCurrent(facts, { plan, isOptedOut: false, image: SETTINGS.image });
}

const { securityContext, volumeMounts } = sidecarIn(injected);
const mounts = Array.isArray(volumeMounts) ? volumeMounts : [];
const swapped = (prefix: string, source: JsonObject) => (volume: JsonObject) =>
  String(volume["name"]).startsWith(prefix) ? { name: volume["name"], ...source } : volume;

describe("S14: what somebody changed by hand in the sidecar is seen, and put back", () => {
  test.each<[string, unknown]>([
    ["a privileged container", tampered({ securityContext: { privileged: true, runAsUser: 0 } })],
    ["one privilege more", tampered({ securityContext: { ...Object(securityContext), privileged: true } })],
    ["an empty security context", tampered({ securityContext: {} })],
    ["no mounts", tampered({ volumeMounts: [] })],
    ["a mount less", tampered({ volumeMounts: mounts.slice(1) })],
    ["a mount elsewhere", tampered({ volumeMounts: [{ ...mounts[0], mountPath: "/else" }, ...mounts.slice(1)] })],
    ["a mount that may be written", tampered({ volumeMounts: mounts.map((one) => ({ ...one, readOnly: false })) })],
    ["another command", tampered({ command: ["sh", "-c", "evil"] })],
    ["another target", tampered({ args: ["run-backup", "--target-kind=Deployment", "--target-name=other"] })],
    ["the node's root under our volume's name", tampered({}, swapped("stash-tmp-dir", { hostPath: { path: "/" } }))],
    ["another Secret under our volume's name", tampered({}, swapped("stash-secret-", { secret: { secretName: "x" } }))],
    [
      "another server under our volume's name",
      tampered({}, swapped("stash-local-", { nfs: { server: "x", path: "/a" } })),
    ],
    ["no identity", tampered({}, swapped("stash-identity", { emptyDir: {} }))],
  ])("%s", (_what, workload) => {
    expect(isCurrent(workload)).toBe(false);
    for (const old of [injected, workload]) {
      const result = admit({ workload, old, backups });
      expect(result.decision).toMatchObject({ kind: "change", reasons: { backup: "Refreshed" } });
      expect(sidecarIn(result.workload)).toEqual(sidecarIn(injected));
      expect(result.workload).toEqual(injected);
      expect(isCurrent(result.workload)).toBe(true);
    }
  });

  test("another image, as far as the update itself shows it", () => {
    const workload = tampered({ image: "evil" });
    const result = admit({ workload, old: injected, backups });
    expect(result.decision).toMatchObject({ kind: "change", reasons: { backup: "Refreshed" } });
    expect(sidecarIn(result.workload)["image"]).toBe(SETTINGS.image);
  });

  test("an image of before is put back, not a newer one: nobody is restarted for it", () => {
    const settings = { ...SETTINGS, image: "registry.test/stash-batch:2" };
    const result = admit({ workload: tampered({ image: "evil" }), old: injected, backups, settings });
    expect(sidecarIn(result.workload)["image"]).toBe(SETTINGS.image);
    const upgraded = tampered({ image: settings.image });
    const { decision } = admit({ workload: upgraded, old: injected, backups, settings });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "UpToDate" } });
  });
});

describe("what is no drift", () => {
  test.each<[string, unknown]>([
    ["nothing", injected],
    ["resources of another time", tampered({ resources: { requests: { cpu: "1" } } })],
    ["a variable of another injector", tampered({ env: [...listAt(sidecarIn(injected), "env"), { name: "X" }] })],
    ["an older invoker in the arguments", tampered({ args: listAt(sidecarIn(injected), "args").map(renamed) })],
    ["what servers fill in", tampered({ securityContext: { ...Object(securityContext), procMount: "Default" } })],
    [
      "a size that the server writes otherwise",
      tampered({}, swapped("stash-tmp-dir", { emptyDir: { sizeLimit: "1Gi" } })),
    ],
    ["a field of a local backend's volume", tampered({}, withReadOnly)],
  ])("%s", (_what, workload) => {
    expect(isCurrent(workload)).toBe(true);
    expect(admit({ workload, old: workload, backups }).decision).toMatchObject({ kind: "skip" });
  });

  test("its image from a mirror of the registry, which another webhook asked for", () => {
    const mirrored = tampered({ image: "mirror.test/cache/stash-batch:1.0.0" });
    expect(admit({ workload: mirrored, old: injected, backups }).decision).toMatchObject({ kind: "skip" });
  });

  test("mounts and security context that the API server wrote in its own way", () => {
    const spec = { runtimeSettings: { container: { securityContext: { capabilities: { add: [], drop: ["ALL"] } } } } };
    const target = { volumeMounts: [{ name: "data", mountPath: "/data", readOnly: false, subPath: "" }] };
    const odd = [aBackup({ spec, target })];
    const first = admit({ workload: aDeployment(), backups: odd }).workload;
    const stored = edited(first, (podSpec) => {
      podSpec["containers"] = listAt(podSpec, "containers").map((container) =>
        isJsonObject(container) && container["name"] === "stash"
          ? {
              ...container,
              securityContext: { ...Object(container["securityContext"]), capabilities: { drop: ["ALL"] } },
              volumeMounts: listAt(container, "volumeMounts").map((mount) => withoutEmpty(mount)),
            }
          : container,
      );
    });
    expect(admit({ workload: stored, old: stored, backups: odd }).decision).toMatchObject({ kind: "skip" });
  });
});

function renamed(arg: unknown): unknown {
  return String(arg).startsWith("--invoker-name=") ? "--invoker-name=gone" : arg;
}

function withReadOnly(volume: JsonObject): JsonObject {
  const { nfs } = volume;
  return isJsonObject(nfs) ? { ...volume, nfs: { ...nfs, readOnly: true } } : volume;
}

function withoutEmpty(mount: unknown): JsonObject {
  return Object.fromEntries(Object.entries(Object(mount)).filter(([, value]) => value !== "" && value !== false));
}
