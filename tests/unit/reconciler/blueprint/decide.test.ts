import { describe, expect, test } from "vitest";
import { type AutoBackupStep, decideAutoBackup } from "../../../../reconciler/blueprint/decide.ts";
import type { AutoBackupTarget, AutoBackupView } from "../../../../reconciler/blueprint/view.ts";
import { parseBackupBlueprint } from "../../../../shared/api/backup-blueprint.ts";
import { type BackupConfiguration, parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseRepository, type Repository } from "../../../../shared/api/repository.ts";
import { resolveBlueprint } from "../../../../shared/invoker/blueprint.ts";

const KEY = "Deployment/demo/web";

function aTarget(facts: Partial<AutoBackupTarget> = {}): AutoBackupTarget {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace: "demo",
    name: "web",
    uid: "uid-web",
    annotations: {
      "stash.appscode.com/backup-blueprint": "daily",
      "stash.appscode.com/target-paths": "/data",
      "stash.appscode.com/volume-mounts": "data:/data",
    },
    isBeingDeleted: false,
    isOptedOut: false,
    ...facts,
  };
}

function aBlueprint(spec: object = {}) {
  return parseBackupBlueprint({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBlueprint",
    metadata: { name: "daily" },
    spec: {
      backend: { storageSecretName: "s", s3: { endpoint: "e", bucket: "b" } },
      schedule: "0 3 * * *",
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      ...spec,
    },
  });
}

interface World {
  readonly repositories?: readonly Repository[];
  readonly configurations?: readonly BackupConfiguration[];
}

function aView(world: World = {}, blueprint = aBlueprint(), target = aTarget()): AutoBackupView {
  const made = resolveBlueprint(blueprint, target);
  return {
    key: KEY,
    target,
    outcomes: [{ blueprint: "daily", name: "deploy-web", made }],
    repositories: world.repositories ?? [],
    configurations: world.configurations ?? [],
  };
}

/** What the API server has after the steps for a new target. */
function madeBy(steps: readonly AutoBackupStep[]): Required<World> {
  const objects = steps.flatMap((step) => (step.kind === "Create" ? [step.object] : []));
  const stored = objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, uid: `uid-${object.kind}`, resourceVersion: "7", finalizers: ["held"] },
  }));
  return {
    repositories: stored.filter(({ kind }) => kind === "Repository").map((one) => parseRepository(one)),
    configurations: stored
      .filter(({ kind }) => kind === "BackupConfiguration")
      .map((one) => parseBackupConfiguration({ ...one, spec: { driver: "Restic", ...one.spec } })),
  };
}

const made = () => madeBy(decideAutoBackup(aView()));
const kinds = (steps: readonly AutoBackupStep[]) =>
  steps.map((step) => {
    if (step.kind === "Create" || step.kind === "Update") return `${step.kind} ${step.object.kind}`;
    return step.kind;
  });

/** As if somebody else had written it. */
function byHand<T extends Repository | BackupConfiguration>(object: T): T {
  const { annotations: _annotations, ownerReferences: _owners, labels: _labels, ...metadata } = object.metadata;
  return { ...object, metadata };
}

describe("a new target", () => {
  test("gets its Repository first, then a BackupConfiguration that belongs to it", () => {
    const steps = decideAutoBackup(aView());
    expect(kinds(steps)).toEqual(["Create Repository", "Create BackupConfiguration"]);
    const { repositories, configurations } = madeBy(steps);
    expect(repositories[0]?.metadata.ownerReferences).toBeUndefined();
    expect(configurations[0]?.metadata.ownerReferences).toEqual([
      { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-web", controller: true },
    ]);
  });

  test("has nothing more to do when both are there, defaults of the API server included", () => {
    expect(decideAutoBackup(aView(made()))).toEqual([]);
  });
});

describe("what was made follows", () => {
  test("a blueprint that changes, with finalizers kept and the version that was read", () => {
    const steps = decideAutoBackup(aView(made(), aBlueprint({ schedule: "0 4 * * *" })));
    expect(kinds(steps)).toEqual(["Update BackupConfiguration"]);
    expect(steps[0]).toMatchObject({
      object: { metadata: { resourceVersion: "7", finalizers: ["held"] }, spec: { schedule: "0 4 * * *" } },
    });
  });

  test("a field that goes from the blueprint", () => {
    const before = madeBy(decideAutoBackup(aView({}, aBlueprint({ timeOut: "1h" }))));
    expect(before.configurations[0]?.spec.timeOut).toBe("1h");
    const [step] = decideAutoBackup(aView(before));
    expect(step?.kind === "Update" && step.object.spec).not.toHaveProperty("timeOut");
  });

  test("an edit by hand is undone, but for the switch that pauses", () => {
    const world = made();
    const edited = world.configurations.map((one) => ({
      ...one,
      spec: { ...one.spec, schedule: "1 1 1 1 *", paused: true },
    }));
    const [step] = decideAutoBackup(aView({ ...world, configurations: edited }));
    expect(step).toMatchObject({ kind: "Update", object: { spec: { schedule: "0 3 * * *", paused: true } } });
    const pausedOnly = world.configurations.map((one) => ({ ...one, spec: { ...one.spec, paused: true } }));
    expect(decideAutoBackup(aView({ ...world, configurations: pausedOnly }))).toEqual([]);
  });

  test("a target that was made anew under its name owns it, and alone", () => {
    const steps = decideAutoBackup(aView(made(), aBlueprint(), aTarget({ uid: "uid-2" })));
    expect(kinds(steps)).toEqual(["Update BackupConfiguration"]);
    expect(steps[0]).toMatchObject({ object: { metadata: { ownerReferences: [{ uid: "uid-2" }] } } });
  });

  test("one on its way out is awaited, and its Repository is kept right", () => {
    const world = made();
    const configurations = world.configurations.map((one) => ({
      ...one,
      metadata: { ...one.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
    }));
    expect(kinds(decideAutoBackup(aView({ ...world, configurations })))).toEqual(["Await"]);
  });
});

describe("what others made", () => {
  test("is never changed: another Repository of that name is told, and no BackupConfiguration is made", () => {
    const repositories = made().repositories.map((one) =>
      byHand({ ...one, spec: { backend: { storageSecretName: "mine" } } }),
    );
    const steps = decideAutoBackup(aView({ repositories }));
    expect(steps).toEqual([
      {
        kind: "Refuse",
        problem:
          "Repository demo/deploy-web was made by others and is not what BackupBlueprint daily says; it was left as it is: rename or delete it, or use another blueprint",
      },
    ]);
  });

  test("is used as it is where it says the same", () => {
    const world = made();
    const repositories = world.repositories.map(byHand);
    expect(decideAutoBackup(aView({ ...world, repositories }))).toEqual([]);
    expect(decideAutoBackup(aView({ repositories, configurations: world.configurations.map(byHand) }))).toEqual([]);
  });

  test("a BackupConfiguration that was made for another target is theirs", () => {
    const world = made();
    const configurations = world.configurations.map((one) => {
      const note =
        one.metadata.annotations?.["stash.appscode.com/auto-backup"]?.replace("demo/web", "demo/other") ?? "";
      const annotations = { "stash.appscode.com/auto-backup": note };
      const spec = { ...one.spec, schedule: "9 9 * * *" };
      return { ...one, metadata: { ...one.metadata, annotations }, spec };
    });
    expect(kinds(decideAutoBackup(aView({ ...world, configurations })))).toEqual(["Refuse"]);
  });

  test("a copy of ours under another name does not go with ours", () => {
    const world = made();
    const copies = world.configurations.map((one) => ({ ...one, metadata: { ...one.metadata, name: "copy" } }));
    const view = { ...aView({ configurations: copies }), outcomes: [] };
    expect(decideAutoBackup(view)).toEqual([]);
  });
});

describe("without the annotation", () => {
  test.each([
    ["no blueprint is named", { ...aView(made()), outcomes: [] }],
    ["the target is gone", { ...aView(made()), outcomes: [], target: undefined }],
    ["the target is being deleted", aView(made(), aBlueprint(), aTarget({ isBeingDeleted: true }))],
    ["the target opted out", aView(made(), aBlueprint(), aTarget({ isOptedOut: true }))],
  ])("%s: the BackupConfiguration goes, the Repository stays", (_when, view) => {
    const steps = decideAutoBackup(view);
    expect(kinds(steps)).toEqual(["Delete"]);
    expect(steps[0]).toMatchObject({
      configuration: { metadata: { name: "deploy-web", uid: "uid-BackupConfiguration" } },
    });
  });

  test("what others made stays", () => {
    const view = { ...aView({ configurations: made().configurations.map(byHand) }), outcomes: [] };
    expect(decideAutoBackup(view)).toEqual([]);
  });

  test("one that is going already is not deleted again", () => {
    const configurations = made().configurations.map((one) => ({
      ...one,
      metadata: { ...one.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
    }));
    expect(decideAutoBackup({ ...aView({ configurations }), outcomes: [] })).toEqual([]);
  });
});

test("a blueprint that is missing or can't be resolved leaves what it made, and says why", () => {
  const problem = "Deployment demo/web names BackupBlueprint daily, which does not exist";
  const view: AutoBackupView = {
    ...aView(made()),
    outcomes: [{ blueprint: "daily", name: "deploy-web", made: { problem } }],
  };
  expect(decideAutoBackup(view)).toEqual([{ kind: "Refuse", problem }]);
});

test("of two blueprints one that can't be resolved does not keep the other from working", () => {
  const view = aView();
  const broken = { blueprint: "weekly", name: "deploy-web-weekly", made: { problem: "broken" } };
  expect(kinds(decideAutoBackup({ ...view, outcomes: [broken, ...view.outcomes] }))).toEqual([
    "Refuse",
    "Create Repository",
    "Create BackupConfiguration",
  ]);
});
