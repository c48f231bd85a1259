import { describe, expect, test } from "vitest";
import { buildHostResult, buildSnapshotStats, type PathOutcome } from "../../../../agent/backup/outcome.ts";
import { buildProgress } from "../../../../agent/backup/progress.ts";
import { UserError } from "../../../../shared/errors.ts";

const NOW = new Date("2026-01-01T00:01:05.500Z");
const TIMES = { startedAt: "2026-01-01T00:00:00.000Z", now: NOW };
const SUMMARY = {
  snapshotId: "abc",
  filesNew: 1,
  filesChanged: 2,
  filesUnmodified: 3,
  filesTotal: 6,
  bytesTotal: 3 * 2 ** 20,
  bytesAdded: 2_098,
  seconds: 65.4,
};
const saved = (path: string): PathOutcome => ({
  kind: "saved",
  snapshot: buildSnapshotStats(path, SUMMARY, { id: "abc", at: NOW, unreadable: 2 }),
  warnings: [`${path}/x: denied`],
});
const failed = (path: string, code: "NO_SPACE" | "RESTIC_KILLED"): PathOutcome => ({
  kind: "failed",
  path,
  error: new UserError(code, `backup of ${path} failed`),
  warnings: [],
});

test("a snapshot is told with upstream's texts and with bytes", () => {
  expect(buildSnapshotStats("/data", SUMMARY, { id: "abc", at: NOW, unreadable: 0 })).toEqual({
    name: "abc",
    path: "/data",
    totalSize: "3.000 MiB",
    uploaded: "2.049 KiB",
    processingTime: "1:05",
    sizeBytes: 3_145_728,
    uploadedBytes: 2_098,
    time: "2026-01-01T00:01:05.500Z",
    fileStats: { totalFiles: 6, newFiles: 1, modifiedFiles: 2, unmodifiedFiles: 3 },
  });
});

describe("a host", () => {
  test("succeeds only when each path has a snapshot", () => {
    expect(buildHostResult([saved("/a"), saved("/b")], undefined, TIMES)).toMatchObject({
      phase: "Succeeded",
      error: "",
      reason: "",
      duration: "1m5.5s",
      warnings: ["/a/x: denied", "/b/x: denied"],
      unreadableFiles: 4,
    });
  });

  test("L55: that failed with one path tells what was saved of the others, the reason and the next step", () => {
    const result = buildHostResult([saved("/a"), failed("/b", "NO_SPACE")], undefined, TIMES);
    expect(result).toMatchObject({ phase: "Failed", reason: "NO_SPACE", snapshots: [{ path: "/a" }] });
    expect(result.error).toMatch(/^backup of \/b failed \(next: Free or add space/);
  });

  test("that was cut short by the deadline gives the deadline as its reason, not what it cut off", () => {
    const deadline = new UserError("DEADLINE_EXCEEDED", "the deadline passed");
    const result = buildHostResult([saved("/a"), failed("/b", "RESTIC_KILLED")], deadline, TIMES);
    expect(result).toMatchObject({ phase: "Failed", reason: "DEADLINE_EXCEEDED" });
    expect(result.error).not.toContain("/b");
  });

  test("L15: that did nothing has not succeeded", () => {
    const failure = new UserError("REPOSITORY_NOT_FOUND", "there is none");
    expect(buildHostResult([], failure, TIMES).phase).toBe("Failed");
  });
});

test("progress counts each path as the same share, and tells a remaining time only for the last", () => {
  const current = { share: 0.5, bytesDone: 10, bytesTotal: 20, filesDone: 1, filesTotal: 2, secondsLeft: 7 };
  const base = { pathsTotal: 2, bytesDone: 100, filesDone: 5, current };
  expect(buildProgress({ ...base, pathsDone: 0 })).toEqual({
    percent: 25,
    bytesDone: 110,
    bytesTotal: 120,
    filesDone: 6,
    filesTotal: 7,
  });
  expect(buildProgress({ ...base, pathsDone: 1 })).toMatchObject({ percent: 75, etaSeconds: 7 });
  expect(buildProgress({ ...base, pathsDone: 2, current: undefined }).percent).toBe(100);
});
