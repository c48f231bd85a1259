import { describe, expect, test } from "vitest";
import { parseBackupSession } from "../../../agent/parse/backup-session.ts";
import { hasOpenWork, isSameEntry, openActions, ownEntries, repositoryCondition } from "../../../agent/turn.ts";
import { nextTask } from "../../../agent/work/serve-session.ts";

const SELF = { targetKey: "StatefulSet/demo/db", podName: "db-1", podUid: "uid-1" };

function aSession(stats: readonly object[], status: object = {}, ref: object = {}) {
  return parseBackupSession({
    metadata: { name: "nightly-1", namespace: "demo", uid: "u" },
    spec: { invoker: { kind: "BackupBatch", name: "nightly" } },
    status: {
      phase: "Running",
      targets: [
        {
          ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
          stats: [{ hostname: "x", podUID: "uid-1" }],
        },
        { ref: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", ...ref }, stats },
      ],
      ...status,
    },
  });
}

describe("whose turn it is", () => {
  test("an entry of the own target with the own pod's uid is the agent's, and is named by its place", () => {
    const session = aSession([
      { hostname: "host-0", podUID: "uid-0", phase: "Pending" },
      { hostname: "host-1", podUID: "uid-1", phase: "Pending" },
    ]);
    expect(ownEntries(session, SELF)).toMatchObject([{ hostname: "host-1", pointer: "/status/targets/1/stats/1" }]);
    expect(hasOpenWork(session, SELF)).toBe(true);
  });

  test("the same pod name with another uid is another pod", () => {
    expect(ownEntries(aSession([{ hostname: "host-1", pod: "db-1", podUID: "uid-9" }]), SELF)).toEqual([]);
  });

  test("a target of another namespace is another target", () => {
    expect(ownEntries(aSession([{ hostname: "h", podUID: "uid-1" }], {}, { namespace: "other" }), SELF)).toEqual([]);
  });

  test("a job serves its host's entry while it has no pod, or its own", () => {
    const job = { ...SELF, hostname: "host-0", podUid: "uid-7", podName: "job-x" };
    expect(ownEntries(aSession([{ hostname: "host-0" }]), job)).toHaveLength(1);
    expect(ownEntries(aSession([{ hostname: "host-0", pod: "job-x" }]), job)).toHaveLength(1);
    expect(ownEntries(aSession([{ hostname: "host-0", pod: "job-y" }]), job)).toHaveLength(0);
    expect(ownEntries(aSession([{ hostname: "host-1" }]), job)).toHaveLength(0);
  });

  test("a maintenance job serves its host's entry whichever pod made the backup", () => {
    const job = { ...SELF, hostname: "host-0", podUid: "uid-7", isAnyPod: true };
    expect(ownEntries(aSession([{ hostname: "host-0", pod: "db-0", podUID: "uid-0" }]), job)).toHaveLength(1);
  });
});

describe("what is to be done", () => {
  const pending = { hostname: "host-1", podUID: "uid-1", phase: "Pending" };
  const ended = { ...pending, phase: "Succeeded", actions: ["InitializeBackendRepository", "ApplyRetentionPolicy"] };

  test("a turn, once: the watch may show the old state for a while", () => {
    const session = aSession([pending]);
    const task = nextTask(session, SELF, new Set());
    expect(task?.kind).toBe("turn");
    expect(nextTask(session, SELF, new Set(task?.keys))).toBeUndefined();
  });

  test("a turn again after a new attempt was given to this pod", () => {
    const first = nextTask(aSession([pending]), SELF, new Set())?.keys ?? [];
    expect(nextTask(aSession([{ ...pending, attempt: 2 }]), SELF, new Set(first))?.kind).toBe("turn");
  });

  test("an entry that was in the middle, after a restart", () => {
    expect(nextTask(aSession([{ ...pending, phase: "Running" }]), SELF, new Set())?.kind).toBe("turn");
  });

  test("work on the repository after the turn, without what was done before it", () => {
    expect(nextTask(aSession([ended]), SELF, new Set())?.kind).toBe("actions");
    const own = ownEntries(aSession([ended]), SELF)[0];
    expect(own && openActions(own.entry)).toEqual(["ApplyRetentionPolicy"]);
  });

  test("an action is open until its result is final", () => {
    const results = [{ action: "ApplyRetentionPolicy", phase: "Running" }];
    expect(nextTask(aSession([{ ...ended, results }]), SELF, new Set())?.kind).toBe("actions");
    const done = [{ action: "ApplyRetentionPolicy", phase: "Failed" }];
    expect(nextTask(aSession([{ ...ended, results: done }]), SELF, new Set())).toBeUndefined();
  });

  test("each action once, though the watch shows the end of one before that of the next", () => {
    const both = { ...ended, actions: ["ApplyRetentionPolicy", "SendRepositoryMetrics"] };
    const keys = new Set(nextTask(aSession([both]), SELF, new Set())?.keys);
    const results = [{ action: "ApplyRetentionPolicy", phase: "Succeeded" }];
    expect(nextTask(aSession([{ ...both, results }]), SELF, keys)).toBeUndefined();
    const asked = { ...both, results, actions: [...both.actions, "VerifyRepositoryIntegrity"] };
    const more = nextTask(aSession([asked]), SELF, keys);
    expect(more?.kind === "actions" && more.actions).toEqual(["VerifyRepositoryIntegrity"]);
  });

  test("nothing in a session that is over, and no turn for a maintenance job", () => {
    expect(hasOpenWork(aSession([pending], { phase: "Failed" }), SELF)).toBe(false);
    expect(nextTask(aSession([pending]), SELF, new Set(), true)).toBeUndefined();
  });
});

test("an entry that was given to another pod, or is gone, is no longer the same", () => {
  const own = ownEntries(aSession([{ hostname: "host-1", podUID: "uid-1" }]), SELF)[0];
  if (own === undefined) throw new Error("no entry");
  expect(isSameEntry(aSession([{ hostname: "host-1", podUID: "uid-1", phase: "Running" }]), own)).toBe(true);
  expect(isSameEntry(aSession([{ hostname: "host-1", podUID: "uid-2" }]), own)).toBe(false);
  expect(isSameEntry(aSession([]), own)).toBe(false);
});

test("the repository's state is what the condition says", () => {
  const conditions = [{ type: "BackendRepositoryInitialized", status: "False", message: "NO_SPACE: full" }];
  expect(repositoryCondition(aSession([]))).toBeUndefined();
  expect(repositoryCondition(aSession([], { conditions }))).toEqual({ status: "False", message: "NO_SPACE: full" });
});
