/** Settings that a workload or a namespace has of its own; what is injected by them is in the golden files. */
import { describe, expect, test } from "vitest";
import { settingsFor, supportsNative } from "../../../../shared/injection/own-settings.ts";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { aBackup, aDeployment, aView, SETTINGS } from "../../webhook/builders.ts";

const IMAGE = "stash.appscode.com/image";

function planWith(ofWorkload: Record<string, string>, ofNamespace: Record<string, string> = {}, settings = SETTINGS) {
  const workload = aDeployment({ metadata: { annotations: ofWorkload } });
  const view = aView({ workload, namespace: { annotations: ofNamespace }, backups: [aBackup()], settings });
  return planInjection({ ...view, settings: settingsFor(settings, view) });
}

describe("an image of one's own", () => {
  test("changes the hash, so that it counts at once, and gives the former hash back when it goes", () => {
    const [without, pinned, other] = [planWith({}), planWith({ [IMAGE]: "r/s:2" }), planWith({ [IMAGE]: "r/s:3" })];
    expect(new Set([without, pinned, other].map(({ backup }) => backup?.hash)).size).toBe(3);
    expect(planWith({}).backup?.hash).toBe(without.backup?.hash);
  });

  test("stays when the installation goes on to another", () => {
    const next = { ...SETTINGS, image: "registry.test/stash-batch:2.0.0" };
    expect(planWith({ [IMAGE]: "r/s:2" }, {}, next).backup?.hash).toBe(planWith({ [IMAGE]: "r/s:2" }).backup?.hash);
  });

  test.each(["", " ", "two words", "-flag", "a\nb", "$(X)", "x".repeat(1_001)])("is none: %j", (text) => {
    const plan = planWith({ [IMAGE]: text }, { [IMAGE]: "r/s:2" });
    expect(plan.backup?.hash).toBe(planWith({}, { [IMAGE]: "r/s:2" }).backup?.hash);
    expect(plan.warnings.join()).toContain("does not count");
  });

  test("of one workload is no other's, and what is asked for again is the very same object", () => {
    const asked = (image: string) =>
      aView({ workload: aDeployment({ metadata: { annotations: { [IMAGE]: image } } }) });
    expect(settingsFor(SETTINGS, asked("a:1"))).toBe(settingsFor(SETTINGS, asked("a:1")));
    expect(settingsFor(SETTINGS, asked("a:1")).image).toBe("a:1");
    expect(settingsFor(SETTINGS, asked("b:1")).image).toBe("b:1");
    expect(settingsFor(SETTINGS, aView())).toBe(SETTINGS);
  });
});

test("a server that drops the restart policy of an init-container gets no native sidecar, by flag neither", () => {
  const old = { ...SETTINGS, nativeSidecar: true, supportsNative: false };
  expect(planWith({}, {}, old).backup?.isNative).toBe(false);
  expect(planWith({ "stash.appscode.com/native-sidecar": "true" }, {}, old).backup?.isNative).toBe(false);
  expect(planWith({}, {}, { ...old, supportsNative: true }).backup?.isNative).toBe(true);
});

test.each([
  [1, 28, false],
  [1, 29, true],
  [1, 37, true],
  [2, 0, true],
  [0, 0, false],
])("Kubernetes %i.%i knows native sidecars: %s", (major, minor, isKnown) => {
  expect(supportsNative({ major, minor })).toBe(isKnown);
});
