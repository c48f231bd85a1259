/** D11: pods with a container of ours carry a label, by which the reconciler chooses what it watches. */
import { describe, expect, test } from "vitest";
import { isLabelled } from "../../../shared/injection/own-parts.ts";
import { admit, edited, templateOf } from "./apply.ts";
import { aBackup, aDeployment, aRestore } from "./builders.ts";

const LABEL = "stash.appscode.com/injected";

/** As a webhook of before the label left it. */
function ofBefore(workload: unknown): unknown {
  const text = JSON.stringify(workload);
  const without = text.replace(`,"${LABEL}":"true"`, "").replace(`"${LABEL}":"true",`, "");
  if (without === text) throw new Error(`there is no label in ${text}`);
  return JSON.parse(without);
}

/** What an owner changes. */
const touched = <T>(workload: T): T =>
  edited(workload, (spec) => Object.assign(spec, { terminationGracePeriodSeconds: 7 }));

describe("D11: the template of a workload", () => {
  test("gets the label with its sidecar, and with an init-container alone", () => {
    expect(isLabelled(templateOf(admit({ backups: [aBackup()] }).workload))).toBe(true);
    expect(isLabelled(templateOf(admit({ operation: "CREATE", restores: [aRestore()] }).workload))).toBe(true);
    expect(isLabelled(templateOf(admit({}).workload))).toBe(false);
  });

  test("that is older than the label is left alone: for a label nobody is restarted", () => {
    const old = ofBefore(admit({ backups: [aBackup()] }).workload);
    const { decision } = admit({ workload: old, old, backups: [aBackup()] });
    expect(decision).toMatchObject({ kind: "skip", reasons: { backup: "UpToDate" } });
  });

  test("that is older gets it with the next change of its owner", () => {
    const old = ofBefore(admit({ backups: [aBackup()] }).workload);
    const after = admit({ workload: touched(old), old, backups: [aBackup()] });
    expect(isLabelled(templateOf(after.workload))).toBe(true);
  });

  test("gets it back when somebody takes it away", () => {
    const injected = admit({ backups: [aBackup()] }).workload;
    const after = admit({ workload: ofBefore(injected), old: injected, backups: [aBackup()] });
    expect(JSON.stringify(templateOf(after.workload))).toBe(JSON.stringify(templateOf(injected)));
  });

  test("loses it with the last container of ours, and gets its bytes back", () => {
    const original = aDeployment();
    const both = admit({
      operation: "CREATE",
      workload: original,
      backups: [aBackup()],
      restores: [aRestore()],
    }).workload;
    const withoutInit = admit({ workload: touched(both), old: both, backups: [aBackup()] }).workload;
    expect(isLabelled(templateOf(withoutInit))).toBe(true);
    const bare = admit({ workload: withoutInit, old: withoutInit }).workload;
    expect(JSON.stringify(templateOf(bare))).toBe(JSON.stringify(templateOf(touched(original))));
  });
});
