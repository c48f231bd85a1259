import { describe, expect, test } from "vitest";
import { actionsOf } from "../../../../reconciler/maintenance/carry-on.ts";
import { decideMaintenance } from "../../../../reconciler/maintenance/decide.ts";
import { maintenanceJobName } from "../../../../reconciler/maintenance/names.ts";
import type { MaintenanceRun, RepositoryStatus } from "../../../../shared/api/repository.ts";
import { Annotation } from "../../../../shared/contract.ts";
import { formatTime } from "../../../../shared/timestamps.ts";
import { aHostRun, aJob, aRepository, aView, FRESH, LIMITS, NOW } from "./builders.ts";

const CHECK_DUE: RepositoryStatus = { lastCheckTime: "2026-01-09T02:00:00Z" };
const RUN: MaintenanceRun = {
  phase: "Running",
  startedAt: "2026-01-10T01:50:00.000Z",
  actions: ["VerifyRepositoryIntegrity", "PruneRepository"],
};
const AT_WORK = aRepository({ ...CHECK_DUE, maintenanceRuns: [RUN] });
const GIVEN: MaintenanceRun = { ...RUN, pod: "pod", podUID: "uid-pod", assignedAt: "2026-01-10T01:50:05.000Z" };
const AT_POD = aRepository({ ...CHECK_DUE, maintenanceRuns: [GIVEN] });
const starting = (
  code: "CONTAINER_NOT_STARTED" | "EXECUTOR_LOST" | "UNSCHEDULABLE",
  message: string,
  secondsAgo: number,
) => ({ kind: "starting", code, message, sinceMs: NOW.getTime() - secondsAgo * 1_000 }) as const;
const done = { phase: "Succeeded", finishedAt: "2026-01-10T01:59:00Z" } as const;

function claimed(status: RepositoryStatus, change: Parameters<typeof aView>[1] = {}) {
  const decision = decideMaintenance(aView(aRepository(status), change), NOW);
  return decision.kind === "claim" ? decision.run : decision;
}

describe("D13: what is due", () => {
  test("is a check a day, a part of the data a week, and a prune after a removal", () => {
    expect(claimed({})).toMatchObject({ kind: "wait", why: "nothing is due" });
    expect(claimed(CHECK_DUE)).toMatchObject({ phase: "Running", actions: ["VerifyRepositoryIntegrity"] });
    const weekAgo = { lastReadDataCheckTime: "2026-01-03T02:00:00Z", readDataSubset: "8/8" };
    expect(claimed(weekAgo)).toMatchObject({ actions: ["VerifyRepositoryData"], readDataSubset: "1/8" });
    const removal = { lastRemoval: "demo/s-2", prunedRemoval: "demo/s-1", lastPruneTime: "2026-01-09T02:00:00Z" };
    expect(claimed(removal)).toMatchObject({ actions: ["PruneRepository"], covers: "demo/s-2" });
    expect(claimed(removal, { isPruneWanted: false })).toMatchObject({ kind: "wait" });
    expect(claimed({ ...removal, prunedRemoval: "demo/s-2" })).toMatchObject({ kind: "wait" });
  });

  test("is nothing before the first backup, unless somebody asks for a check", () => {
    const { firstBackupTime: _, ...none } = FRESH;
    const fresh = { ...aRepository(), status: none };
    expect(decideMaintenance(aView(fresh), NOW)).toMatchObject({ kind: "wait" });
  });

  test("is a prune at most once a day, and one a week whatever is known of removals", () => {
    const today = { lastRemoval: "demo/s-2", lastPruneTime: "2026-01-09T20:00:00Z" };
    expect(claimed(today)).toMatchObject({ kind: "wait" });
    expect(claimed({ lastPruneTime: "2026-01-03T01:00:00Z" })).toMatchObject({ actions: ["PruneRepository"] });
    const { lastPruneTime: _, ...never } = FRESH;
    const decision = decideMaintenance(aView({ ...aRepository(), status: never }), NOW);
    expect(decision).toMatchObject({ kind: "claim", run: { actions: ["PruneRepository"] } });
  });

  test("of a damaged repository is a check each hour, and no prune", () => {
    const damaged = { integrity: false, lastRemoval: "demo/s-2", lastPruneTime: "2026-01-01T00:00:00Z" };
    expect(claimed(damaged)).toMatchObject({ actions: ["VerifyRepositoryIntegrity"] });
    expect(claimed({ ...damaged, lastCheckTime: "2026-01-10T01:30:00Z" })).toMatchObject({ kind: "wait" });
  });
});

describe("D13: of damage in the data", () => {
  const fault = (part: string, checkedAt: string) => ({ part, foundAt: "2026-01-09T01:00:00Z", checkedAt });
  const damaged = (...dataFaults: readonly ReturnType<typeof fault>[]): RepositoryStatus => ({
    integrity: false,
    structureIntegrity: true,
    dataFaults: [...dataFaults],
    readDataSubset: "3/8",
    lastCheckTime: "2026-01-10T01:00:00Z",
    lastRemoval: "demo/s-2",
    lastPruneTime: "2026-01-01T00:00:00Z",
  });

  test("the bad part is read again each hour, and nothing is taken out", () => {
    expect(claimed(damaged(fault("3/8", "2026-01-10T00:59:00Z")))).toMatchObject({
      actions: ["VerifyRepositoryIntegrity", "VerifyRepositoryData"],
      readDataSubset: "3/8",
    });
    const young = { ...damaged(fault("3/8", "2026-01-10T01:30:00Z")), lastCheckTime: "2026-01-10T01:30:00Z" };
    expect(claimed(young)).toMatchObject({ kind: "wait" });
  });

  test("of several the one that was not read for the longest time comes first, in its own words", () => {
    const two = damaged(fault("3/4", "2026-01-10T00:50:00Z"), fault("6/8", "2026-01-10T00:40:00Z"));
    expect(claimed(two)).toMatchObject({ readDataSubset: "6/8" });
  });

  test("the weekly part comes all the same, and who asks for a check has the bad part read", () => {
    const due = {
      ...damaged(fault("3/8", "2026-01-10T01:50:00Z")),
      lastReadDataCheckTime: "2026-01-03T01:00:00Z",
    };
    expect(claimed(due)).toMatchObject({ readDataSubset: "4/8" });
    const metadata = { annotations: { [Annotation.CheckRequested]: "now" } };
    expect(decideMaintenance(aView(aRepository(due, {}, metadata)), NOW)).toMatchObject({
      kind: "claim",
      run: { actions: ["VerifyRepositoryIntegrity", "VerifyRepositoryData"], readDataSubset: "3/8" },
    });
  });
});

test("a check that meets another repository says so, and tells nothing of the former one", () => {
  const [known, found] = ["a".repeat(64), "b".repeat(64)];
  const run: MaintenanceRun = { ...RUN, actions: ["VerifyRepositoryIntegrity"] };
  const status = { ...CHECK_DUE, repositoryID: known, recoveryPoints: 4, maintenanceRuns: [run] };
  const result = { action: "VerifyRepositoryIntegrity", ...done, integrity: true, repositoryID: found } as const;
  const decision = decideMaintenance(aView(aRepository(status), { hostRuns: [aHostRun([result])] }), NOW);
  expect(decision).toMatchObject({
    kind: "end",
    status: {
      repositoryID: known,
      replacement: { id: found, lostPoints: 4 },
      lastCheckTime: done.finishedAt,
      recoveryPoints: 0,
      points: [],
    },
  });
});

describe("D13: what is due waits", () => {
  test.each<[string, Parameters<typeof aView>[1]]>([
    ["while somebody uses the repository", { user: "BackupSession demo/s" }],
    ["until the repository was at rest for a while", { restSinceMs: NOW.getTime() - 10_000 }],
    ["so also where the clock went back a little", { restSinceMs: NOW.getTime() + 10_000 }],
  ])("%s", (_why, change) => {
    expect(claimed(CHECK_DUE, change)).toMatchObject({ kind: "wait" });
  });

  test("S6: for no end of a session that lies far in the future", () => {
    expect(claimed(CHECK_DUE, { restSinceMs: NOW.getTime() + 3_600_000 })).toMatchObject({ phase: "Running" });
  });

  test("until its window opens, in the zone of the window", () => {
    const inWindow = (from: string, until: string, timeZone = "") =>
      decideMaintenance(aView(aRepository(CHECK_DUE, { maintenance: { window: { from, until, timeZone } } })), NOW)
        .kind;
    expect(inWindow("01:00", "03:00")).toBe("claim");
    expect(inWindow("22:00", "03:00")).toBe("claim");
    expect(inWindow("02:00", "02:01")).toBe("claim");
    expect(inWindow("03:00", "01:00")).toBe("wait");
    expect(inWindow("01:00", "02:00")).toBe("wait");
    expect(inWindow("11:00", "12:00", "Asia/Tokyo")).toBe("claim");
    expect(inWindow("01:00", "03:00", "Asia/Tokyo")).toBe("wait");
    expect(inWindow("00:00", "23:59", "Nowhere/Land")).toBe("wait");
  });

  test("an hour after one that failed, and not after one that was stopped", () => {
    const claimedAfter = (phase: MaintenanceRun["phase"], finishedAt: string) =>
      claimed({ ...CHECK_DUE, maintenanceRuns: [{ ...RUN, phase, finishedAt }] });
    expect(claimedAfter("Failed", "2026-01-10T01:30:00Z")).toMatchObject({ kind: "wait", requeueAfterMs: 30 * 60_000 });
    expect(claimedAfter("Failed", "2026-01-10T00:59:00Z")).toMatchObject({ phase: "Running" });
    expect(claimedAfter("Stopped", "2026-01-10T01:59:00Z")).toMatchObject({ phase: "Running" });
  });

  test("for nobody but users of the repository when somebody asks for a check", () => {
    const metadata = { annotations: { [Annotation.CheckRequested]: "now" } };
    const window = { from: "03:00", until: "04:00" };
    const failed = { maintenanceRuns: [{ ...RUN, phase: "Failed", finishedAt: "2026-01-10T01:59:00Z" }] } as const;
    const asked = aRepository(failed, { maintenance: { window } }, metadata);
    const view = aView(asked, { restSinceMs: NOW.getTime() });
    expect(decideMaintenance(view, NOW)).toMatchObject({
      kind: "claim",
      run: { actions: ["VerifyRepositoryIntegrity"] },
    });
    expect(decideMaintenance({ ...view, user: "BackupSession demo/s" }, NOW)).toMatchObject({ kind: "wait" });
  });

  test("longer each time, where the very request that failed is there again", () => {
    const asked = (request: string, failures: number, minutesAgo: number) => {
      const finishedAt = new Date(NOW.getTime() - minutesAgo * 60_000).toISOString();
      const run = { ...RUN, phase: "Failed", finishedAt, request: "now" } as const;
      const metadata = { annotations: { [Annotation.CheckRequested]: request } };
      const repository = aRepository({ maintenanceRuns: Array.from({ length: failures }, () => run) }, {}, metadata);
      return decideMaintenance(aView(repository), NOW);
    };
    expect(asked("now", 1, 0)).toMatchObject({ kind: "wait", requeueAfterMs: 60_000 });
    expect(asked("now", 1, 1)).toMatchObject({ kind: "claim", run: { request: "now" } });
    expect(asked("now", 3, 1)).toMatchObject({ kind: "wait", requeueAfterMs: 180_000 });
    expect(asked("now", 10, 59)).toMatchObject({ kind: "wait", requeueAfterMs: 60_000 });
    expect(asked("now", 10, 60)).toMatchObject({ kind: "claim" });
    expect(asked("again", 10, 0)).toMatchObject({ kind: "claim", run: { request: "again" } });
  });

  test("until what an earlier one left is gone", () => {
    const repository = aRepository(CHECK_DUE);
    expect(decideMaintenance(aView(repository, { jobs: [aJob(repository)] }), NOW)).toEqual({ kind: "clean-up" });
    expect(decideMaintenance(aView(repository, { hostRuns: [aHostRun([])] }), NOW)).toEqual({ kind: "clean-up" });
  });
});

describe("D13: one that is at work", () => {
  const decide = (change: Parameters<typeof aView>[1], now = NOW) => decideMaintenance(aView(AT_WORK, change), now);
  const atPod = (change: Parameters<typeof aView>[1]) => decideMaintenance(aView(AT_POD, change), NOW);

  test("gets its job, is known by its pod, then gets its order, and the time that it needs", () => {
    expect(decide({})).toMatchObject({ kind: "make-job" });
    expect(decide({ jobs: [aJob(AT_WORK)] })).toMatchObject({
      kind: "tell",
      status: { maintenanceRuns: [{ pod: "pod", podUID: "uid-pod", assignedAt: formatTime(NOW) }] },
    });
    expect(atPod({ jobs: [aJob(AT_WORK)] })).toMatchObject({ kind: "order", pod: { uid: "uid-pod" } });
    expect(atPod({ jobs: [aJob(AT_WORK)], hostRuns: [aHostRun([])] })).toMatchObject({ kind: "wait" });
  });

  test("keeps the pod that it had before, and gives its order to the new one", () => {
    const jobs = [aJob(AT_WORK, { pod: { name: "pod-2", uid: "uid-2" } })];
    const decision = atPod({ jobs, hostRuns: [aHostRun([])] });
    const formerPods = [{ pod: "pod", podUID: "uid-pod", assignedAt: GIVEN.assignedAt }];
    expect(decision).toMatchObject({ kind: "tell", run: { pod: "pod-2", podUID: "uid-2", formerPods } });
    const repository = aRepository(decision.kind === "tell" ? decision.status : {});
    const next = decideMaintenance(aView(repository, { jobs, hostRuns: [aHostRun([])] }), NOW);
    expect(next).toMatchObject({ kind: "order", pod: { uid: "uid-2" } });
  });

  test("ends when all its actions have, with what they found", () => {
    const results = [
      { action: "VerifyRepositoryIntegrity", integrity: true, ...done },
      { action: "PruneRepository", ...done },
    ] as const;
    const half = [results[0], { action: "PruneRepository", phase: "Running" }] as const;
    expect(atPod({ jobs: [aJob(AT_WORK)], hostRuns: [aHostRun(half)] })).toMatchObject({ kind: "wait" });
    // A backup that comes now takes nothing from what was found.
    expect(decide({ hostRuns: [aHostRun(results)], user: "BackupSession demo/s" })).toMatchObject({
      kind: "end",
      run: { phase: "Succeeded" },
      status: { integrity: true, lastCheckTime: done.finishedAt, lastPruneTime: done.finishedAt },
    });
  });

  test("is stopped at once when a backup comes, and keeps what it has found so far", () => {
    const half = [{ action: "VerifyRepositoryIntegrity", integrity: true, ...done }] as const;
    const view = { jobs: [aJob(AT_WORK)], hostRuns: [aHostRun(half)], user: "BackupSession demo/s" };
    expect(decide(view)).toMatchObject({
      kind: "end",
      run: { phase: "Stopped", message: "BackupSession demo/s uses the repository" },
      status: { lastCheckTime: done.finishedAt, maintenanceRuns: [{ phase: "Stopped" }] },
    });
  });

  test("is stopped when its window closes", () => {
    const window = { from: "01:00", until: "02:00" };
    const repository = aRepository({ maintenanceRuns: [RUN] }, { maintenance: { window } });
    expect(decideMaintenance(aView(repository), NOW)).toMatchObject({ kind: "end", run: { phase: "Stopped" } });
  });

  test.each([
    ["its time is up", {}, new Date(NOW.getTime() + 6 * 3_600_000), "DEADLINE_EXCEEDED"],
    ["its job can't be made", { problem: { code: "BACKEND_INVALID", message: "no" } as const }, NOW, "BACKEND_INVALID"],
    [
      "its job failed",
      { jobs: [aJob(AT_WORK, { outcome: { kind: "failed", code: "OUT_OF_MEMORY", message: "no" } })] },
      NOW,
      "OUT_OF_MEMORY",
    ],
    [
      "its job ended without a word",
      { jobs: [aJob(AT_WORK, { outcome: { kind: "complete" }, completeForMs: 10_000 })] },
      NOW,
      "JOB_FAILED",
    ],
  ])("fails when %s", (_why, change, now, reason) => {
    expect(decide(change, now)).toMatchObject({ kind: "end", run: { phase: "Failed", reason } });
  });

  test.each([
    ["a node that takes it", starting("UNSCHEDULABLE", "pod: 0/3 nodes are available", 20)],
    ["an image", starting("CONTAINER_NOT_STARTED", "ImagePullBackOff", 20)],
  ])("says what it waits for, here %s, and fails with that when jobs of members would", (_what, outcome) => {
    const view = (change: object) => ({ jobs: [aJob(AT_WORK, { outcome, ...change })], hostRuns: [aHostRun([])] });
    const told = atPod(view({}));
    expect(told).toMatchObject({ kind: "tell", status: { maintenanceRuns: [{ message: outcome.message }] } });
    const repository = aRepository(told.kind === "tell" ? told.status : {});
    expect(decideMaintenance(aView(repository, view({})), NOW)).toMatchObject({ kind: "wait", requeueAfterMs: 60_000 });
    const late = view({ outcome: { ...outcome, sinceMs: NOW.getTime() - LIMITS.podWaitMs } });
    expect(decideMaintenance(aView(repository, late), NOW)).toMatchObject({
      kind: "end",
      run: { phase: "Failed", reason: outcome.code, message: outcome.message },
    });
    // What it waited for is no word about what runs, nor about what ended well.
    const running = decideMaintenance(aView(repository, view({ outcome: { kind: "running" } })), NOW);
    expect(running.kind === "tell" && running.run.message).toBeUndefined();
    const results = GIVEN.actions?.map((action) => ({ action, ...done })) ?? [];
    const end = decideMaintenance(aView(repository, { hostRuns: [aHostRun(results)] }), NOW);
    expect(end).toMatchObject({ kind: "end", run: { phase: "Succeeded" } });
    expect(end.kind === "end" && end.run.message).toBeUndefined();
  });

  test("is told which locks in its way belong to nobody, those of an earlier maintenance's pod too", () => {
    const lock = { id: "dead", host: "former", createdAt: "2026-01-10T01:00:00Z" };
    const waiting = { ...aHostRun([]), status: { locks: [lock, { ...lock, id: "other", host: "elsewhere" }] } };
    const formerPods = [{ name: "former", uid: "gone", assignedAtMs: Date.parse(lock.createdAt) }];
    const view = { jobs: [aJob(AT_WORK)], locks: { formerPods, lockOwners: new Map() } };
    const decision = atPod({ ...view, hostRuns: [waiting] });
    expect(decision).toMatchObject({ kind: "answer-locks", removableLocks: ["dead"] });
    const answered = { ...waiting, spec: { ...waiting.spec, actionParams: { removableLocks: ["dead"] } } };
    expect(atPod({ ...view, hostRuns: [answered] })).toMatchObject({ kind: "wait" });
  });

  test("does no other work than its own, whatever the status lists", () => {
    const actions = [
      "ApplyRetentionPolicy",
      "VerifyRepositoryIntegrity",
      "PruneRepository",
      "DeleteSnapshots",
    ] as const;
    expect(actionsOf({ isPruneWanted: true, deletions: [] }, { ...RUN, actions })).toEqual(actions.slice(1, 3));
    expect(actionsOf({ isPruneWanted: false, deletions: [] }, { ...RUN, actions })).toEqual([
      "VerifyRepositoryIntegrity",
    ]);
    const checked = [{ action: "VerifyRepositoryIntegrity", integrity: true, ...done }] as const;
    const view = { isPruneWanted: false, hostRuns: [aHostRun(checked)] };
    expect(atPod(view)).toMatchObject({ kind: "end", run: { phase: "Succeeded" } });
  });

  test("runs as the repository's owner once its pod has told who that is, and fails where no pod can", () => {
    const owner = { user: 1000, group: 2000 };
    const refusal = { phase: "Failed", reason: "REPOSITORY_OWNER", finishedAt: done.finishedAt } as const;
    const results = (GIVEN.actions ?? []).map((action) => ({ action, ...refusal }));
    const hostRuns = [aHostRun(results, "uid-pod", { owner })];
    const first = aJob(AT_WORK, { outcome: { kind: "complete" }, completeForMs: 60_000 });
    expect(atPod({ jobs: [first], hostRuns })).toMatchObject({ kind: "make-job", owner });
    const name = maintenanceJobName(AT_POD, RUN.startedAt, owner);
    expect(name).not.toBe(first.name);
    const second = aJob(AT_WORK, { name, pod: { name: "pod-2", uid: "uid-2" } });
    expect(atPod({ jobs: [first, second], hostRuns })).toMatchObject({ kind: "tell", run: { podUID: "uid-2" } });
    const checked = (GIVEN.actions ?? []).map((action) => ({ action, ...done }));
    const ended = [...hostRuns, aHostRun(checked, "uid-2")];
    expect(atPod({ jobs: [first, second], hostRuns: ended })).toMatchObject({
      kind: "end",
      run: { phase: "Succeeded" },
    });
    const again = [...hostRuns, aHostRun(results, "uid-2", { owner })];
    expect(atPod({ jobs: [first, second], hostRuns: again })).toMatchObject({
      kind: "end",
      run: { phase: "Failed", reason: "REPOSITORY_OWNER", message: expect.stringContaining("1000:2000") },
    });
  });

  test("is not told of what passes within moments", () => {
    const outcome = starting("CONTAINER_NOT_STARTED", "pod is being started", 2);
    const view = { jobs: [aJob(AT_WORK, { outcome })], hostRuns: [aHostRun([])] };
    expect(atPod(view)).toMatchObject({ kind: "wait", requeueAfterMs: 8_000 });
  });

  test.each([
    ["its job", undefined],
    ["the pod of its job", starting("EXECUTOR_LOST", "no pod", 60)],
  ])("is tried again while a quota has no room for %s, says so, and fails in the end", (_what, outcome) => {
    const problem = { code: "JOB_REFUSED", message: "exceeded quota", isPassing: true } as const;
    const beganAt = (secondsAgo: number, message?: string) =>
      aRepository({
        maintenanceRuns: [
          {
            ...RUN,
            startedAt: new Date(NOW.getTime() - secondsAgo * 1_000).toISOString(),
            ...(message && { message }),
          },
        ],
      });
    const decideAt = (repository: ReturnType<typeof aRepository>, sinceMs: number, secondsAgo = 60) => {
      const job = aJob(repository, {
        pod: undefined,
        ...(outcome && { outcome: starting("EXECUTOR_LOST", "no pod", secondsAgo) }),
      });
      const sinceTryMs = new Map([[job.name, sinceMs]]);
      return decideMaintenance(aView(repository, { problem, sinceTryMs, jobs: outcome ? [job] : [] }), NOW);
    };
    expect(decideAt(beganAt(60), 0)).toMatchObject({ kind: "tell", run: { message: "exceeded quota" } });
    expect(decideAt(beganAt(60, "exceeded quota"), 1_000)).toMatchObject({ kind: "wait", requeueAfterMs: 4_000 });
    expect(decideAt(beganAt(60, "exceeded quota"), 5_000)).toMatchObject({ kind: "make-job" });
    expect(decideAt(beganAt(300, "exceeded quota"), 5_000, 300)).toMatchObject({
      kind: "end",
      run: { phase: "Failed", reason: "JOB_REFUSED", message: "exceeded quota" },
    });
  });

  test("takes the request back that it served, and no other", () => {
    const metadata = { annotations: { [Annotation.CheckRequested]: "now" } };
    const repository = aRepository({ maintenanceRuns: [RUN] }, {}, metadata);
    const checked = aHostRun([{ action: "VerifyRepositoryIntegrity", integrity: true, ...done }]);
    const stopped = { user: "BackupSession demo/s" };
    expect(decideMaintenance(aView(repository, { ...stopped, hostRuns: [checked] }), NOW)).toMatchObject({
      servedRequest: "now",
    });
    expect(decideMaintenance(aView(repository, stopped), NOW)).toMatchObject({ servedRequest: undefined });
  });

  test.each([
    ["its job can't be made", { problem: { code: "BACKEND_INVALID", message: "no bucket" } as const }, "no bucket"],
    [
      "its job fails",
      { jobs: [aJob(AT_WORK, { outcome: { kind: "failed", code: "IMAGE_UNAVAILABLE", message: "no image" } })] },
      "no image",
    ],
  ])(
    "answers the request where %s: its words stand in the status, and nothing begins at once",
    (_what, how, message) => {
      const metadata = { annotations: { [Annotation.CheckRequested]: "now" } };
      const claim = decideMaintenance(aView(aRepository(CHECK_DUE, {}, metadata)), NOW);
      if (claim.kind !== "claim") throw new Error(claim.kind);
      const atWork = aRepository({ maintenanceRuns: [{ ...claim.run, startedAt: RUN.startedAt }] }, {}, metadata);
      const end = decideMaintenance(aView(atWork, how), NOW);
      expect(end).toMatchObject({ kind: "end", run: { phase: "Failed", message }, servedRequest: "now" });
      // Should it still be there, as after a crash.
      const after = aRepository(end.kind === "end" ? end.status : {}, {}, metadata);
      expect(decideMaintenance(aView(after), NOW)).toMatchObject({ kind: "wait", requeueAfterMs: 60_000 });
      const prune = aRepository({ maintenanceRuns: [{ ...RUN, actions: ["PruneRepository"] }] }, {}, metadata);
      expect(decideMaintenance(aView(prune, how), NOW)).toMatchObject({ kind: "end", servedRequest: undefined });
    },
  );

  test("of a Repository that is deleted is nobody's business", () => {
    const repository = aRepository({ maintenanceRuns: [RUN] }, {}, { deletionTimestamp: "2026-01-10T01:59:00Z" });
    expect(decideMaintenance(aView(repository), NOW)).toMatchObject({ kind: "wait", requeueAfterMs: undefined });
  });
});
