import { expect, test } from "vitest";
import { decideSession } from "../../../../reconciler/backup-session/decide.ts";
import { skip } from "../../../../reconciler/backup-session/start.ts";
import type { BackupBatch } from "../../../../shared/api/backup-batch.ts";
import { SESSION_START_MS, SessionSimulation } from "../../../support/simulation/session-simulation.ts";

const BATCH: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
  spec: {
    repository: { name: "store" },
    retentionPolicy: { name: "keep", keepLast: 5, prune: true },
    members: [{ target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, paths: ["/data"] } }],
  },
};

test("a session that was made with its invoker while nobody led waits for the new leader to see the invoker", () => {
  const simulation = new SessionSimulation({
    batch: BATCH,
    workloads: [{ kind: "Deployment", namespace: "demo", name: "web", replicas: 1 }],
  });
  const view = simulation.view();
  if (view.invoker === undefined) throw new Error("no invoker");
  const unseen = { ...view, invoker: { ...view.invoker, isObserved: false, phase: undefined } };
  const leaderSinceMs = SESSION_START_MS + 600_000;
  const isSkippedAfter = (ms: number, led: typeof unseen) =>
    decideSession(led, new Date(SESSION_START_MS + ms)).trail.includes(skip.name);

  expect(isSkippedAfter(29_000, unseen)).toBe(false);
  expect(isSkippedAfter(31_000, unseen)).toBe(true);
  expect(isSkippedAfter(601_000, { ...unseen, leaderSinceMs })).toBe(false);
  expect(isSkippedAfter(631_000, { ...unseen, leaderSinceMs })).toBe(true);
});
