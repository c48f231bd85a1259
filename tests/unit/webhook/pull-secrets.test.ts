import { describe, expect, test } from "vitest";
import { pullSecretBeside, readPullSecrets } from "../../../shared/injection/pull-secrets.ts";
import { valueAt } from "../../../shared/json/value.ts";
import { admit, edited } from "./apply.ts";
import { aBackup, aDeployment, aRestore, SETTINGS } from "./builders.ts";

const SECRET = { namespace: "stash-batch", name: "registry" };
const COPY = { name: pullSecretBeside(SECRET, "demo") };
const settings = { ...SETTINGS, pullSecrets: [SECRET] };
const backups = [aBackup()];
const secretsIn = (workload: unknown) => valueAt(workload, "spec", "template", "spec", "imagePullSecrets");
const withOwn = aDeployment({ podSpec: { imagePullSecrets: [{ name: "mine" }] } });

describe("D9: pull secrets of the installation", () => {
  test("come after the application's own, and go with the container, byte for byte", () => {
    const injected = admit({ workload: withOwn, backups, settings }).workload;
    expect(secretsIn(injected)).toEqual([{ name: "mine" }, COPY]);
    expect(admit({ workload: injected, old: injected, backups, settings }).decision.kind).toBe("skip");
    const { workload } = admit({ workload: injected, old: injected, settings });
    expect(JSON.stringify(workload)).toBe(JSON.stringify(withOwn));
  });

  test("are not added where the pod has what its ServiceAccount gives it: they would take that away", () => {
    const injected = admit({ backups, settings }).workload;
    expect(secretsIn(injected)).toBeUndefined();
    // Somebody who took his own out takes ours out with it.
    const had = admit({ workload: withOwn, backups, settings }).workload;
    const now = edited(had, (spec) => {
      spec["imagePullSecrets"] = [COPY];
    });
    expect(secretsIn(admit({ workload: now, old: had, backups, settings }).workload)).toBeUndefined();
  });

  test("that the application names itself are not named twice, and stay when the container goes", () => {
    const own = aDeployment({ podSpec: { imagePullSecrets: [{ name: "registry" }] } });
    const home = { ...settings, pullSecrets: [{ namespace: "demo", name: "registry" }] };
    const injected = admit({ workload: own, backups, settings: home }).workload;
    expect(secretsIn(injected)).toEqual([{ name: "registry" }]);
    expect(secretsIn(admit({ workload: injected, old: injected, settings: home }).workload)).toEqual([
      { name: "registry" },
    ]);
  });

  test("that are new to the installation wait for a change that restarts the pods anyway", () => {
    const before = admit({ workload: withOwn, backups }).workload;
    expect(admit({ workload: before, old: before, backups, settings }).decision.kind).toBe("skip");
    const changed = edited(before, (spec) => {
      spec["priority"] = 1;
    });
    expect(secretsIn(admit({ workload: changed, old: before, backups, settings }).workload)).toContainEqual(COPY);
  });

  test("stay for as long as one of our containers does", () => {
    const restores = [aRestore()];
    const both = admit({ workload: withOwn, backups, restores, settings }).workload;
    const { workload } = admit({ workload: both, old: both, restores, settings });
    expect(secretsIn(workload)).toContainEqual(COPY);
  });

  test("are names that commas part", () => {
    const faults: string[] = [];
    expect(readPullSecrets(" a, b.c ,a,", "home", faults)).toEqual([
      { namespace: "home", name: "a" },
      { namespace: "home", name: "b.c" },
    ]);
    expect(readPullSecrets("", "home", faults)).toEqual([]);
    expect(readPullSecrets(undefined, "home", faults)).toEqual([]);
    expect(faults).toEqual([]);
    readPullSecrets("a,B_c", "home", faults);
    expect(faults).toEqual(["--pull-secrets: B_c can't be the name of a Secret"]);
  });
});
