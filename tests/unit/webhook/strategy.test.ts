/** The strategy of a Deployment through admission: held for the time of its restore, and given back byte for byte. */
import { describe, expect, test } from "vitest";
import { mutate } from "../../../webhook/mutate.ts";
import { admit, apply, containersIn, edited, namesIn, templateOf } from "./apply.ts";
import { aBackup, aDeployment, aRestore, aView } from "./builders.ts";

const STRATEGY = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
const running = aDeployment({ metadata: { annotations: { own: "1" } }, spec: { strategy: STRATEGY } });

/** The workload as the reconciler sends it when the restore's turn has come. */
const requested = (workload: typeof running) => ({
  ...workload,
  metadata: {
    ...workload.metadata,
    annotations: {
      ...Object(Reflect.get(workload.metadata, "annotations")),
      "stash.appscode.com/requested-restore": "uid-web-restore",
    },
  },
});

const strategyIn = (workload: unknown) => Reflect.get(Object(Reflect.get(Object(workload), "spec")), "strategy");
const keptIn = (workload: unknown) =>
  Reflect.get(Object(Reflect.get(Object(Reflect.get(Object(workload), "metadata")), "annotations")), KEPT);
const KEPT = "stash.appscode.com/kept-strategy";
const open = [aRestore({ phase: "Running" })];

const restoring = apply(
  requested(running),
  admit({ workload: requested(running), old: running, restores: open }).decision,
);

test("D3: the patch that adds the init-container sets Recreate, and keeps the owner's strategy beside it", () => {
  expect(JSON.stringify(templateOf(restoring))).toContain("stash-init");
  expect(strategyIn(restoring)).toEqual({ type: "Recreate" });
  expect(keptIn(restoring)).toBe(JSON.stringify(STRATEGY));
  expect(admit({ workload: restoring, old: restoring, restores: open }).decision.kind).toBe("skip");
});

test("D9: a workload that is held without its sidecar is under the same strategy, and the hold stays where it is", () => {
  const HELD = "stash.appscode.com/injection-held";
  const annotations = { [HELD]: "dry-run", own: "1" };
  const backups = [aBackup()];
  const injected = apply(running, admit({ workload: running, backups }).decision);
  const metadata = { ...injected.metadata, annotations };
  const held = requested({ ...injected, metadata });
  const { decision, workload } = admit({ workload: held, old: injected, backups, restores: open });
  expect(decision.reasons).toEqual({ backup: "InjectionRefusedByCluster", restore: "RestoreInjected" });
  expect(namesIn(containersIn(workload))).toEqual(["app"]);
  expect(strategyIn(workload)).toEqual({ type: "Recreate" });
  expect(workload).toMatchObject({ metadata: { annotations: { ...annotations, [KEPT]: JSON.stringify(STRATEGY) } } });
  const { workload: after } = admit({ workload, old: workload, backups });
  expect(strategyIn(after)).toEqual(STRATEGY);
  expect(after).toMatchObject({ metadata: { annotations } });
  expect(keptIn(after)).toBeUndefined();
});

test("D3: a workload that still waits for its turn keeps its strategy", () => {
  const { decision, workload } = admit({ workload: running, old: running, restores: open });
  expect(decision.kind).toBe("skip");
  expect(strategyIn(workload)).toEqual(STRATEGY);
});

test("D3: however the restore ends, the next admission gives the strategy back and leaves the template alone", () => {
  for (const restores of [
    [],
    [aRestore({ phase: "Succeeded" })],
    [aRestore({ phase: "Failed" })],
    [aRestore({ phase: "Failed", spec: { onFailure: "Start" } })],
    [aRestore({ phase: "Unknown" })],
    [aRestore({ phase: "Running", metadata: { deletionTimestamp: "2024-01-03T00:00:00Z" } })],
    // Another one, whose turn has not come.
    [aRestore({ name: "next", phase: "Running" })],
  ]) {
    const { workload } = admit({ workload: restoring, old: restoring, restores });
    expect(JSON.stringify(strategyIn(workload))).toBe(JSON.stringify(STRATEGY));
    expect(keptIn(workload)).toBeUndefined();
    expect(JSON.stringify(templateOf(workload))).toBe(JSON.stringify(templateOf(restoring)));
    expect(admit({ workload, old: workload, restores }).decision.kind).toBe("skip");
  }
});

test("D3: what is injected for a restore and taken out again leaves the bytes that were there", () => {
  for (const original of [aDeployment(), aDeployment({ spec: { strategy: STRATEGY } })]) {
    const { workload } = admit({ workload: original, restores: open, backups: [aBackup()] });
    expect(strategyIn(workload)).toEqual({ type: "Recreate" });
    const removed = admit({ workload, restores: [] });
    expect(JSON.stringify(removed.workload)).toBe(JSON.stringify(original));
  }
});

test("D3: a workload or namespace that opts out in the middle gets its strategy back with the rest", () => {
  const namespace = { annotations: { "stash.appscode.com/inject": "disabled" } };
  const { workload } = admit({ workload: restoring, old: restoring, restores: open, namespace });
  expect(strategyIn(workload)).toEqual(STRATEGY);
  expect(JSON.stringify(templateOf(workload))).toBe(JSON.stringify(templateOf(running)));
});

test("D3: a controller that puts the strategy back during the restore finds Recreate again, and its own after it", () => {
  const again = { ...restoring, spec: { ...restoring.spec, strategy: STRATEGY } };
  // With the template of its manifest, or of the cluster.
  for (const sent of [again, { ...again, spec: { ...again.spec, template: running.spec.template } }]) {
    const { workload } = admit({ workload: sent, old: restoring, restores: open });
    expect(strategyIn(workload)).toEqual({ type: "Recreate" });
    expect(JSON.stringify(templateOf(workload))).toContain("stash-init");
    expect(strategyIn(admit({ workload, old: workload, restores: [] }).workload)).toEqual(STRATEGY);
  }
});

test("D3: the kept strategy outlives a pod template without anything of ours", () => {
  const stripped = edited(restoring, (podSpec, template) => {
    const { spec, metadata } = running.spec.template;
    for (const key of Object.keys(podSpec)) delete podSpec[key];
    Object.assign(podSpec, spec);
    template["metadata"] = metadata;
  });
  const { workload } = admit({ workload: stripped, old: stripped, restores: [] });
  expect(strategyIn(workload)).toEqual(STRATEGY);
  expect(keptIn(workload)).toBeUndefined();
});

test("D3: the answer on the wire changes strategy, annotation and template alone", () => {
  const request = {
    uid: "1",
    kind: "Deployment",
    group: "apps",
    resource: "deployments",
    subresource: "",
    name: "web",
    namespace: "demo",
    operation: "UPDATE",
    userInfo: { username: "someone" },
    object: requested(running),
    oldObject: running,
  };
  const { answer } = mutate(request, (_workload, change) => ({
    ...aView({ workload: requested(running), restores: open }),
    ...change,
  }));
  const paths = (answer.patch ?? []).map(({ path }) => path);
  expect(paths).toContain("/spec/strategy/type");
  expect(paths).toContain("/spec/strategy/rollingUpdate");
  expect(paths).toContain("/metadata/annotations/stash.appscode.com~1kept-strategy");
  expect(paths.filter((path) => !/^\/(spec\/(template|strategy)|metadata\/annotations)\//.test(path))).toEqual([]);
});

describe("D18: a restore that is deleted and held for the after-hooks that it owes", () => {
  const deletionTimestamp = "2024-01-03T00:00:00Z";
  const held = { metadata: { deletionTimestamp, finalizers: ["stash.appscode.com/after-hooks"] } };
  const cleaning = aRestore({ phase: "Running", ...held });
  const next = aRestore({ name: "next", phase: "Running", metadata: { creationTimestamp: "2023-01-01T00:00:00Z" } });

  test("keeps the strategy and its init-container, whatever follows it; both go on when it is gone", () => {
    for (const restores of [[cleaning], [cleaning, next], [next, cleaning]]) {
      expect(admit({ workload: restoring, old: restoring, restores }).decision.kind).toBe("skip");
    }
    const { workload } = admit({ workload: restoring, old: restoring, restores: [] });
    expect(strategyIn(workload)).toEqual(STRATEGY);
    expect(keptIn(workload)).toBeUndefined();
  });

  test("gives a workload that has no init-container none any more", () => {
    const { decision, workload } = admit({ workload: requested(running), old: running, restores: [cleaning] });
    expect(decision.kind).toBe("skip");
    expect(JSON.stringify(templateOf(workload))).not.toContain("stash-init");
  });

  test("counts as gone where somebody else's finalizer alone holds it", () => {
    const metadata = { deletionTimestamp, finalizers: ["somebody.else/keeps"] };
    const restores = [aRestore({ phase: "Running", metadata })];
    const { workload } = admit({ workload: restoring, old: restoring, restores });
    expect(strategyIn(workload)).toEqual(STRATEGY);
  });
});
