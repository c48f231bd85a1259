/** Every command that prints a table or a description, on a terminal of 40 columns: nothing is broken in the middle of a row. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aBatch, aSession } from "../../../support/cli/objects.ts";
import { aRepository } from "../../../support/cli/work-pods.ts";
import { KUBERNETES } from "../../../support/objects/resources.ts";

const WIDTH = 40;
const LONG = "a-name-that-is-as-long-as-names-of-objects-may-well-be-in-a-cluster";
let api: MemoryApi;

const inShop = <T extends { readonly metadata: object }>(object: T) => ({
  ...object,
  metadata: { ...object.metadata, namespace: "shop" },
});

beforeAll(async () => {
  api = await startMemoryApi();
  for (const name of ["shop", LONG]) {
    api.put(KINDS.BackupBatch, inShop(aBatch({ name })));
    api.put(KINDS.BackupSession, inShop(aSession({ name: `${name}-1`, batch: name })));
    const failed = {
      hostname: "db",
      phase: "Failed",
      error: `restic: ${"many words ".repeat(9)}`,
      reason: "PATH_NOT_FOUND",
    };
    const targets = [{ alias: "db" }, { alias: "web", phase: "Failed", host: failed }];
    api.put(
      KINDS.BackupSession,
      inShop(aSession({ name: `${name}-2`, batch: name, hoursAgo: 1, phase: "Failed", targets })),
    );
  }
  const status = {
    phase: "Ready",
    snapshotCount: 12,
    points: [{ session: `${LONG}-1`, namespace: "shop", time: "2030-01-01T00:00:00Z", complete: true, sizeBytes: 1 }],
  };
  api.put(KINDS.Repository, { ...aRepository("store", "backend"), status });
  api.put(KINDS.RestoreBatch, {
    apiVersion: KINDS.RestoreBatch.apiVersion,
    kind: "RestoreBatch",
    metadata: { name: LONG, namespace: "shop", creationTimestamp: "2030-01-01T00:00:00Z" },
    spec: { repository: { name: "store" }, session: `${LONG}-1`, members: aBatch().spec.members },
    status: { phase: "Failed", reason: "SNAPSHOT_NOT_FOUND", message: "many words ".repeat(9) },
  });
  api.put(KUBERNETES.Deployment, {
    metadata: { name: LONG, namespace: "shop" },
    spec: {
      replicas: 1,
      template: {
        spec: {
          containers: [{ name: "app", volumeMounts: [{ name: "files", mountPath: "/data" }] }],
          volumes: [{ name: "files", persistentVolumeClaim: { claimName: LONG } }],
        },
      },
    },
  });
  api.put(KUBERNETES.Event, {
    metadata: { name: "one", namespace: "shop" },
    involvedObject: { kind: "BackupBatch", apiVersion: "stash.appscode.com/v1beta1", name: LONG, namespace: "shop" },
    reason: "AVeryLongReasonOfAnEvent",
    message: "many words ".repeat(9),
    lastTimestamp: "2030-01-01T00:00:00Z",
    type: "Warning",
  });
});

afterAll(() => api.stop());

test.each([
  "status",
  "status -o wide",
  "batches -o wide",
  "sessions -o wide",
  "restores -o wide",
  "repositories -o wide",
  "points -o wide",
  "coverage",
  "events",
  `describe session ${LONG}-2`,
  `describe restore ${LONG}`,
])("%s", async (line) => {
  const { exitCode, output, notes } = await runLine(api, line.split(" "), { width: WIDTH });
  expect(exitCode, notes).toBe(0);
  expect(output.trim().split("\n").length).toBeGreaterThan(1);
  for (const one of output.split("\n")) expect([...one].length, one).toBeLessThanOrEqual(WIDTH);
});

test("the table of a plan is as narrow; sentences are left to the terminal", async () => {
  const { output } = await runLine(api, ["restore", "shop", "--dry-run"], { width: WIDTH });
  const lines = output.split("\n");
  const at = lines.findIndex((line) => line.startsWith("STEP"));
  expect(at).toBeGreaterThan(0);
  for (const line of lines.slice(at, at + 3)) expect([...line].length, line).toBeLessThanOrEqual(WIDTH);
});
