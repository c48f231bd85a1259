import { describe, expect, test } from "vitest";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../../../shared/json/value.ts";
import { aBackup, aDeployment, aRestore, aView } from "../../webhook/builders.ts";

function workload(resources: object) {
  const container = { name: "app", image: "app:1", resources, volumeMounts: [{ name: "data", mountPath: "/data" }] };
  return aDeployment({ podSpec: { containers: [container] } });
}

const LIMITED = workload({ limits: { "ephemeral-storage": "64Mi" } });

function sidecarOf(change: Parameters<typeof aView>[0]) {
  return planInjection(aView({ backups: [aBackup()], ...change })).backup?.container;
}

const scratchLimit = (container: unknown) => {
  const found = listAt(container, "env").find((one) => isJsonObject(one) && one["name"] === "STASH_SCRATCH_LIMIT");
  return textAt(found, "value");
};

describe("D9: the scratch volume counts against what the pod may store", () => {
  test("so the sidecar brings room where the application has a limit", () => {
    const container = sidecarOf({ workload: LIMITED });
    expect(container?.["resources"]).toEqual({
      requests: { cpu: "10m", memory: "64Mi", "ephemeral-storage": "16Mi" },
      limits: { cpu: "1", memory: "1Gi", "ephemeral-storage": "1Gi" },
    });
    const restore = planInjection(aView({ workload: LIMITED, restores: [aRestore()] })).restore?.container;
    expect(valueAt(restore, "resources", "limits", "ephemeral-storage")).toBe("1Gi");
  });

  test("and none where it has none: ours would be the pod's", () => {
    const backups = [aBackup()];
    for (const resources of [{}, { requests: { "ephemeral-storage": "1Gi" } }]) {
      const container = sidecarOf({ workload: workload(resources), backups });
      expect(valueAt(container, "resources", "limits")).toEqual({ cpu: "1", memory: "1Gi" });
      // The same invoker, for the same workload with a limit and back again.
      expect(valueAt(sidecarOf({ workload: LIMITED, backups }), "resources", "limits")).toHaveProperty(
        "ephemeral-storage",
      );
    }
  });

  test("and nobody's pods are restarted for it: it is no part of the hash", () => {
    const hashOf = (one: unknown) => planInjection(aView({ workload: one, backups: [aBackup()] })).backup?.hash;
    expect(hashOf(LIMITED)).toBe(hashOf(workload({})));
  });

  test.each([
    ["nothing says otherwise", {}, undefined],
    ["the volume is larger", { tempDir: { sizeLimit: "2Gi" } }, undefined],
    ["the volume is smaller", { tempDir: { sizeLimit: "200Mi" } }, "200Mi"],
    [
      "the container may store less",
      {
        tempDir: { sizeLimit: "200Mi" },
        runtimeSettings: { container: { resources: { limits: { "ephemeral-storage": "100Mi" } } } },
      },
      "100Mi",
    ],
  ])("the agent is told how much it holds when %s", (_when, spec, limit) => {
    expect(scratchLimit(sidecarOf({ backups: [aBackup({ spec })] }))).toBe(limit);
  });
});
