import { expect, test } from "vitest";
import { decideRestore } from "../../../../reconciler/restore/decide.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { RESTORE_START_MS, RestoreSimulation } from "../../../support/simulation/restore-simulation.ts";

const WEB = { kind: "Deployment", namespace: "demo", name: "web", replicas: 1 };

/** A restore of one member, in the middle. */
function begun(spec: Partial<RestoreBatch["spec"]>): RestoreSimulation {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: {
      name: "back",
      namespace: "demo",
      uid: "uid",
      creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
    },
    spec: { repository: { name: "store" }, members: [{ target: { alias: "web", ref } }], ...spec },
  });
  const simulation = new RestoreSimulation(restore, [WEB]);
  simulation.settle();
  simulation.rollOut(WEB, 0);
  simulation.settle();
  return simulation;
}

function lookAgainMs(simulation: RestoreSimulation): number | undefined {
  return decideRestore(simulation.view(), new Date(simulation.nowMs)).requeueAfterMs;
}

test("a restore is looked at again when its next try is due, not at the next round", () => {
  const simulation = begun({ retryConfig: { maxRetry: 1, delay: "3s" } });
  expect(lookAgainMs(simulation)).toBe(10_000);
  const finishedAt = new Date(simulation.nowMs).toISOString();
  simulation.report({ targetIndex: 0, hostIndex: 0 }, (host) => ({
    ...host,
    phase: "Failed",
    reason: "BACKEND_UNREACHABLE",
    finishedAt,
  }));
  expect(lookAgainMs(simulation)).toBe(3_000);
  simulation.nowMs += 3_000;
  simulation.settle();
  expect(simulation.hosts()[0]?.host).toMatchObject({ phase: "Pending", attempt: 2 });
});

test("a restore is looked at again when its deadline passes", () => {
  const simulation = begun({ timeOut: "5s" });
  expect(lookAgainMs(simulation)).toBe(5_000);
  simulation.nowMs += 5_000;
  simulation.settle();
  expect(simulation.status).toMatchObject({ phase: "Failed" });
  expect(lookAgainMs(simulation)).toBeUndefined();
});
