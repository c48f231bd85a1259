import { describe, expect, test } from "vitest";
import { buildVariables } from "../../../../reconciler/jobs/variables.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { findParamFaults, isReservedVariable } from "../../../../shared/validation/reserved-variables.ts";
import { aBackup, aRestore, DB_REF, PVC_REF, repository } from "../../reconciler/jobs/builders.ts";

describe("a variable that this product sets", () => {
  test("S6a: is reserved, each of them", () => {
    const policy = {
      name: "k",
      keepLast: 1,
      keepHourly: 1,
      keepDaily: 1,
      keepWeekly: 1,
      keepMonthly: 1,
      keepYearly: 1,
      keepTags: ["t"],
      prune: true,
      dryRun: true,
    };
    const local = parseRepository({
      ...repository,
      spec: { backend: { local: { mountPath: "/safe/r", emptyDir: {} } } },
    });
    const full = { ref: PVC_REF, exclude: ["x"], args: ["a"], paths: ["/p"] };
    const views = [
      buildVariables(aBackup({ target: full }), policy),
      buildVariables(aBackup({ target: full }, { repository: local })),
      buildVariables(aRestore({ target: { ref: DB_REF, rules: [{ paths: ["/p"] }] } }, { ordinal: 1 })),
    ];
    const names = [...new Set([...views.flatMap(Object.keys), "ADDON_IMAGE"])];
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !isReservedVariable(name))).toEqual([]);
  });

  test("is none of those that the catalogue's Functions and upstream's documents give to their users", () => {
    for (const name of [
      "args",
      "waitTimeout",
      "outputDir",
      "user",
      "dumpArgs",
      "backupCMD",
      "targetReplicas",
      "DB_NAME",
    ]) {
      expect(isReservedVariable(name), name).toBe(false);
    }
  });

  test("is refused as a parameter by its name", () => {
    const faults = findParamFaults([{ name: "args" }, { name: "TARGET_NAME" }], "spec.task.params");
    expect(faults).toMatchObject([{ field: "spec.task.params[1]", severity: "fault" }]);
    expect(faults[0]?.message).toContain("TARGET_NAME");
  });
});
