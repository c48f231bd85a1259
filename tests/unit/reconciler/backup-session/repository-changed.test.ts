import { expect, test } from "vitest";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import { SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const BATCH: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
  spec: {
    repository: { name: "store" },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    executionOrder: "Sequential",
    members: [
      { target: { alias: "db", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "db" }, paths: ["/data"] } },
      { target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, paths: ["/data"] } },
    ],
  },
};

/** A session to its end; `change` comes when the first host is at work. */
function run(change: (simulation: SessionSimulation) => void) {
  const simulation = new SessionSimulation({
    batch: BATCH,
    workloads: ["db", "web"].map((name) => ({ kind: "Deployment", namespace: "demo", name, replicas: 1 })),
  });
  for (let round = 0; round < 20; round += 1) {
    simulation.settle();
    for (const { targetIndex, hostIndex, host } of simulation.hosts()) {
      if (host.podUID === undefined) continue;
      const actions = host.actions ?? [];
      simulation.report({ targetIndex, hostIndex }, (old) => ({
        ...old,
        ...(old.phase === "Running" && { phase: "Succeeded", snapshots: [{ name: "abc", path: "/data" }] }),
        ...(old.phase === "Pending" && { phase: "Running" }),
        ...(actions.length > 0 && { results: actions.map((action) => ({ action, phase: "Succeeded" })) }),
      }));
    }
    if (round === 0) change(simulation);
    simulation.nowMs += 1_000;
  }
  return simulation.status;
}

test("a Repository that leads elsewhere in the middle: what runs ends, what comes later fails with the reason", () => {
  const status = run((simulation) => {
    const { repository } = simulation;
    if (repository === undefined) throw new Error("no Repository");
    simulation.repository = {
      ...repository,
      spec: { ...repository.spec, backend: { storageSecretName: "new", b2: { bucket: "elsewhere" } } },
    };
  });
  expect(status.phase).toBe("Failed");
  expect(status.targets?.map(({ phase }) => phase)).toEqual(["Succeeded", "Failed"]);
  expect(JSON.stringify(status.targets?.[1])).toMatch(/INVALID_OBJECT.*was changed after the session began/);
});

test("a Repository whose Secret has another name now saves on: its place is the same", () => {
  const status = run((simulation) => {
    const { repository } = simulation;
    if (repository === undefined) throw new Error("no Repository");
    const backend = { ...repository.spec.backend, storageSecretName: "rotated" };
    simulation.repository = { ...repository, spec: { ...repository.spec, backend } };
  });
  expect(status.phase, JSON.stringify(status)).toBe("Succeeded");
});

test("a Repository whose other fields are edited changes nothing", () => {
  const status = run((simulation) => {
    const { repository } = simulation;
    if (repository === undefined) throw new Error("no Repository");
    simulation.repository = { ...repository, spec: { ...repository.spec, wipeOut: false } };
  });
  expect(status.phase).toBe("Succeeded");
});
