import { expect, test } from "vitest";
import { describeRun } from "../../../../cli/describe/run-details.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { ERRORS } from "../../../../shared/errors.ts";
import { aSession, hoursAgo, NOW_MS } from "../../../support/cli/objects.ts";

const times = (from: number, until: number) => ({ startedAt: hoursAgo(5 - from), finishedAt: hoursAgo(5 - until) });
const session = aSession({
  phase: "Failed",
  targets: [
    {
      alias: "db",
      host: {
        ...times(0, 0.1),
        duration: "6m",
        results: [{ action: "ApplyRetentionPolicy", phase: "Succeeded", kept: 3, removed: 1 }],
      },
    },
    {
      alias: "web",
      phase: "Failed",
      host: { ...times(0.1, 0.2), reason: "NO_SPACE", error: "the disk is full" },
      more: { hooks: [{ type: "preBackup", phase: "Succeeded", output: "said\nso" }] },
    },
  ],
});

function describe(width?: number): readonly string[] {
  return describeRun(session, { nowMs: NOW_MS, width });
}

test("a session is told with its failure, next step, lanes, hosts, snapshots, hooks and work", () => {
  const text = describe().join("\n");
  for (const part of [
    "BackupSession demo/shop-1",
    "Phase      Failed in 42s",
    "Run of     BackupBatch shop (Scheduled)",
    "Failure    NO_SPACE: web: the disk is full",
    `Next step  ${ERRORS.NO_SPACE.next}`,
    "dbaaaabb",
    "2.000 KiB",
    "3 kept, 1 removed",
    "said so",
  ]) {
    expect(text).toContain(part);
  }
  expect(text).toMatch(/db +█+·+ +0\.0 s to 360\.0 s/);
  expect(text).toMatch(/web +·+█+ +360\.0 s to 720\.0 s/);
});

test("no line is longer than a narrow terminal", () => {
  for (const width of [40, 60, 80]) {
    for (const line of describe(width)) expect([...line].length, line).toBeLessThanOrEqual(width);
  }
});

test("a restore is told with its point and what it waits for", () => {
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", creationTimestamp: hoursAgo(1) },
    spec: { session: "shop-1" },
    status: {
      phase: "Running",
      reason: "PodNotReady",
      message: "no ready pod yet",
      recoveryPoint: { session: "shop-1", time: hoursAgo(5) },
      members: [{ ref: { kind: "Deployment", name: "web" }, alias: "web", phase: "Running" }],
    },
  });
  const text = describeRun(restore, { nowMs: NOW_MS, width: undefined }).join("\n");
  expect(text).toContain("RestoreBatch demo/back");
  expect(text).toContain(`Point      shop-1 of ${hoursAgo(5)}`);
  expect(text).toContain("Why        PodNotReady: no ready pod yet");
});

test("a dry run of a restore is told as one, with its plan and files", () => {
  const tried = {
    newFiles: 1,
    changedFiles: 2,
    sameFiles: 3,
    totalBytes: 60,
    writtenBytes: 30,
    overwritten: ["/data/a"],
  };
  const restore = parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "what-if", namespace: "demo", creationTimestamp: hoursAgo(1) },
    spec: { session: "shop-1", dryRun: true },
    status: {
      phase: "Succeeded",
      plan: [
        {
          alias: "db",
          step: 1,
          by: "Job",
          restarts: "nothing",
          waitsFor: ["BackupSession shop-2 works on the same target"],
        },
        { alias: "web", step: 2, by: "init-container of its pods", restarts: "its pod" },
      ],
      members: [{ ref: { kind: "Deployment", name: "web" }, alias: "web", stats: [{ hostname: "web", tried }] }],
    },
  });
  const lines = describeRun(restore, { nowMs: NOW_MS, width: undefined });
  const at = lines.indexOf("A dry run: it would");
  expect(lines.slice(at, at + 4)).toEqual([
    "A dry run: it would",
    "  step 1: db, by Job; restarts nothing",
    "    held by: BackupSession shop-2 works on the same target",
    "  step 2: web, by init-container of its pods; restarts its pod",
  ]);
  expect(lines).toContain("  web: 1 new, 2 written over, 3 the same; 30 B of 60 B are written");
});
