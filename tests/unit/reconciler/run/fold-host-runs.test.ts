import { describe, expect, test } from "vitest";
import { foldEntry, foldHostRuns } from "../../../../reconciler/run/fold-host-runs.ts";
import { hostRunName } from "../../../../reconciler/run/host-runs.ts";
import { textRoom } from "../../../../reconciler/run/text-room.ts";
import type { HostRunStatus } from "../../../../shared/api/host-run.ts";
import type { HostStats } from "../../../../shared/api/host-stats.ts";
import { aHostRun } from "../../../support/objects/host-runs.ts";

const ENTRY: HostStats = { hostname: "host-0", pod: "web-1", podUID: "uid-1", attempt: 1, phase: "Pending" };
const SNAPSHOT = { name: "snap", path: "/data" };
const fold = (entry: HostStats, status: HostRunStatus) => foldEntry(entry, aHostRun({ status }), "backup", textRoom(1));

describe("an entry with what its pod told", () => {
  test("has how it goes and how it ended", () => {
    const progress = { heartbeat: "2024-04-30T02:00:10Z" };
    expect(fold(ENTRY, { phase: "Running", progress })).toMatchObject({ phase: "Running", progress });
    const ended = fold(ENTRY, { phase: "Succeeded", snapshots: [SNAPSHOT], duration: "3s" });
    expect(ended).toMatchObject({ phase: "Succeeded", snapshots: [SNAPSHOT], podUID: "uid-1" });
  });

  test.each([
    ["no snapshots", {}],
    ["an empty list of them", { snapshots: [] }],
    ["one without an id", { snapshots: [SNAPSHOT, { path: "/other" }] }],
    ["one whose id is empty", { snapshots: [{ name: "", path: "/data" }] }],
  ])("D4: has failed where the pod calls a backup good and tells %s", (_what, told) => {
    const ended = fold(ENTRY, { phase: "Succeeded", ...told });
    expect(ended).toMatchObject({
      phase: "Failed",
      reason: "NO_SNAPSHOT_REPORTED",
      error: expect.stringMatching(/next: /),
    });
  });

  test("loses a reason that the pod took back", () => {
    const locked = fold(ENTRY, { phase: "Running", reason: "REPOSITORY_LOCKED" });
    expect(locked.reason).toBe("REPOSITORY_LOCKED");
    expect(fold(locked, { phase: "Running" }).reason).toBeUndefined();
  });

  test("stays ended when the reconciler ended it; what comes later is hooks and work on the repository", () => {
    const failed: HostStats = {
      ...ENTRY,
      phase: "Failed",
      reason: "DEADLINE_EXCEEDED",
      actions: ["ApplyRetentionPolicy"],
    };
    const late = fold(failed, {
      phase: "Succeeded",
      snapshots: [SNAPSHOT],
      hooks: [{ type: "postBackup", phase: "Succeeded" }],
      results: [{ action: "ApplyRetentionPolicy", phase: "Succeeded" }],
    });
    expect(late).toMatchObject({ phase: "Failed", reason: "DEADLINE_EXCEEDED", hooks: [{}], results: [{}] });
    expect(late.snapshots).toBeUndefined();
  });

  test("keeps what the reconciler decides: pod, attempt, actions and their parameters", () => {
    const entry: HostStats = { ...ENTRY, actions: ["ApplyRetentionPolicy"], actionParams: { removableLocks: ["a"] } };
    const folded = fold(entry, { phase: "Running", locks: [{ id: "b" }] });
    expect(folded).toMatchObject({ actions: ["ApplyRetentionPolicy"], actionParams: { removableLocks: ["a"] } });
  });

  test("takes no result of work that the host was not given", () => {
    expect(
      fold(ENTRY, { results: [{ action: "InitializeBackendRepository", phase: "Succeeded" }] }).results,
    ).toBeUndefined();
  });
});

test("D20: what a pod tells is bounded, whatever it prints and however much it lies", () => {
  const long = "x".repeat(65_536);
  const folded = fold(
    { ...ENTRY, actions: ["ApplyRetentionPolicy"] },
    {
      phase: "Failed",
      error: long,
      reason: long,
      duration: long,
      warnings: Array.from({ length: 1_000 }, () => long),
      hooks: Array.from({ length: 200 }, () => ({
        type: "preBackup" as const,
        phase: "Failed" as const,
        output: long,
        message: long,
      })),
      results: Array.from({ length: 50 }, () => ({
        action: "ApplyRetentionPolicy" as const,
        phase: "Failed" as const,
        message: long,
      })),
    },
  );
  expect(JSON.stringify(folded).length).toBeLessThan(64_000);
  expect(folded.results).toHaveLength(1);
});

describe("a host that saved very many paths", () => {
  const saved = (paths: number, length: number) =>
    Array.from({ length: paths }, (_, at) => ({ name: `${at}`, path: `/data/${"x".repeat(length)}${at}` }));

  test.each([
    [501, 1],
    [300, 600],
    [2, 65_000],
  ])("%i paths of %i characters: lists the first and says how many there are", (paths, length) => {
    const told: HostRunStatus = { phase: "Succeeded", snapshots: saved(paths, length), restored: saved(paths, length) };
    for (const kind of ["backup", "restore"] as const) {
      const folded = foldEntry(ENTRY, aHostRun({ status: told }), kind, textRoom(1));
      expect(folded.snapshots?.length).toBeLessThan(paths);
      expect(folded.snapshotCount).toBe(paths);
    }
  });

  test("says nothing besides where all are listed, nor any more", () => {
    const cut = fold(ENTRY, { phase: "Running", snapshots: saved(501, 1) });
    const whole = fold(cut, { phase: "Succeeded", snapshots: saved(500, 1) });
    expect(whole.snapshots).toHaveLength(500);
    expect(whole.snapshotCount).toBeUndefined();
  });
});

test("D20: a status stays within 256 KiB though each of 120 hosts prints 8 KiB in every hook, and all fail", () => {
  const owner = { name: "nightly-1", uid: "uid-session" };
  const stats = Array.from({ length: 120 }, (_, at): HostStats => {
    return {
      ...ENTRY,
      hostname: `host-${at}`,
      pod: `db-${at}`,
      podUID: `0a1b2c3d-0000-0000-0000-${at}`,
      node: "node-1",
    };
  });
  const told: HostRunStatus = {
    phase: "Failed",
    error: "e".repeat(8_192),
    warnings: Array.from({ length: 20 }, () => "w".repeat(8_192)),
    hooks: (["preBackup", "postBackup"] as const).map((type) => {
      return { type, phase: "Failed", message: "m".repeat(8_192), output: "o".repeat(8_192) };
    }),
  };
  const runs = stats.map((entry) => {
    const { hostname: host = "", podUID = "" } = entry;
    const name = hostRunName(owner, { targetIndex: 0, host, attempt: 1, podUid: podUID });
    return [name, aHostRun({ name, status: told })] as const;
  });
  const folded = foldHostRuns(owner, { targets: [{ stats }] }, new Map(runs), "backup");
  expect(folded.status.targets[0]?.stats?.every(({ phase }) => phase === "Failed")).toBe(true);
  expect(JSON.stringify(folded.status).length).toBeLessThan(262_144);
});

describe("a status with what its pods told", () => {
  const owner = { name: "nightly-1", uid: "uid-session" };
  const status = { targets: [{ stats: [ENTRY, { hostname: "host-1" }] }] };
  const name = hostRunName(owner, { targetIndex: 0, host: "host-0", attempt: 1, podUid: "uid-1" });
  const known = (told: HostRunStatus) => new Map([[name, aHostRun({ name, status: told })]]);

  test("is the same value when nothing is new", () => {
    expect(foldHostRuns(owner, status, new Map(), "backup").status).toBe(status);
    const once = foldHostRuns(owner, status, known({ phase: "Running" }), "backup");
    expect(once.hasNews).toBe(true);
    expect(foldHostRuns(owner, once.status, known({ phase: "Running" }), "backup").status).toBe(once.status);
  });

  test("tells news from a sign of life", () => {
    const running = foldHostRuns(owner, status, known({ phase: "Running" }), "backup").status;
    const beat = known({ phase: "Running", progress: { heartbeat: "2024-04-30T02:00:10Z" } });
    expect(foldHostRuns(owner, running, beat, "backup")).toMatchObject({ hasNews: false, hasProgress: true });
  });

  test("has nothing of a host run that was another pod's or another attempt's", () => {
    const moved = { targets: [{ stats: [{ ...ENTRY, podUID: "uid-2", attempt: 2 }] }] };
    expect(foldHostRuns(owner, moved, known({ phase: "Succeeded" }), "backup").status).toBe(moved);
  });
});
