import { describe, expect, test } from "vitest";
import { explainFailure, findObstacles, type MachineFacts, NEEDED_BYTES } from "../../../scripts/machine.ts";

const GOOD: MachineFacts = {
  platform: "linux",
  uid: 0,
  temporaryFolder: "/tmp",
  freeBytes: NEEDED_BYTES,
  fileSystems: ["ext4", "overlay"],
};

describe("before anything is started", () => {
  test("a machine that has all that is needed has no obstacle", () => {
    expect(findObstacles(GOOD)).toEqual([]);
  });

  test("all obstacles are told at once, each with what to do", () => {
    const obstacles = findObstacles({
      platform: "darwin",
      uid: 501,
      temporaryFolder: "/small",
      freeBytes: 1_024,
      fileSystems: [],
    });
    expect(obstacles).toHaveLength(3);
    expect(obstacles[0]).toContain("darwin");
    expect(obstacles[1]).toContain("sudo");
    expect(obstacles[2]).toContain("/small has 1.0 KiB free");
    expect(obstacles[2]).toContain("TMPDIR");
  });
});

test("a kernel without overlayfs is told", () => {
  expect(findObstacles({ ...GOOD, fileSystems: ["ext4"] })).toEqual([expect.stringContaining("modprobe overlay")]);
});

describe("a failure", () => {
  const explain = (error: unknown, change: Partial<MachineFacts> = {}) => explainFailure(error, { ...GOOD, ...change });

  test("of a full disk or a taken port is explained, wherever the system's words are", () => {
    expect(explain(new Error("write failed: ENOSPC: no space left on device"))).toContain("/tmp is full");
    expect(explain(new Error("etcd ended", { cause: new Error("no space left on device") }))).toContain("full");
    expect(explain(new Error("listen EADDRINUSE: address already in use"))).toContain("Run again");
  });

  test("in other words is one of a full disk where the disk is full", () => {
    expect(explain(new Error("connect ECONNREFUSED"), { freeBytes: 4_096 })).toContain("/tmp is full");
  });

  test("of another kind is not made into one of those", () => {
    expect(explain(new Error("BackupSession demo ended Failed"))).toBeUndefined();
    expect(explain("text")).toBeUndefined();
  });
});
