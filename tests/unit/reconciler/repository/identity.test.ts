import { describe, expect, test } from "vitest";
import { dueWork } from "../../../../reconciler/maintenance/due.ts";
import { decideRepositoryStatus } from "../../../../reconciler/repository/decide.ts";
import { isDoubted, type Sighting, withAcceptance, withSighting } from "../../../../reconciler/repository/identity.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import type { RepositoryStatus } from "../../../../shared/api/repository.ts";
import { Annotation } from "../../../../shared/contract.ts";
import { findCondition } from "../../../../shared/status/conditions.ts";

const NOW = new Date("2026-11-30T02:05:00Z");
const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(64));
const BACKEND = { s3: { endpoint: "store:9000", bucket: "backups" }, storageSecretName: "secret" };
const OLD: RepositoryStatus = {
  integrity: true,
  structureIntegrity: true,
  firstBackupTime: "2026-01-01T00:00:00Z",
  lastBackupTime: "2026-11-29T02:00:00Z",
  lastCheckTime: "2026-11-29T03:00:00Z",
  lastReadDataCheckTime: "2026-11-29T03:00:00Z",
  snapshotCount: 300,
  recoveryPoints: 30,
  totalSize: "1 GiB",
  lastRecoveryPoint: { session: "b-1", time: "2026-11-29T02:00:00Z" },
};

function seen(at: string, id: string | undefined, isMade = false, change: Partial<Sighting> = {}): Sighting {
  return { id, isMade, atMs: Date.parse(at), by: "BackupSession n/b", backend: BACKEND, ...change };
}

const known = withSighting(OLD, seen("2026-11-29T02:00:00Z", A), NOW);

function session(name: string, at: string, facts: object, message = "the repository exists", phase = "Succeeded") {
  return parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name, namespace: "n", creationTimestamp: at },
    spec: { invoker: { kind: "BackupBatch", name: "b" }, dueTime: at },
    status: {
      phase,
      repository: { name: "store", namespace: "n", backend: BACKEND },
      conditions: [{ type: "BackendRepositoryInitialized", status: "True", message, lastTransitionTime: at }],
      targets: [{ phase, totalHosts: 1, stats: [{ hostname: "host-0", phase, snapshots: [{ name: "x" }] }] }],
      ...facts,
    },
  });
}

function decide(
  status: RepositoryStatus,
  sessions: readonly ReturnType<typeof session>[],
  annotations = {},
  namespace = "n",
) {
  const view = { namespace, generation: 1, status, references: [], sessions, seers: sessions, annotations };
  return decideRepositoryStatus(view, NOW);
}

describe("a repository that was replaced", () => {
  test("the id that a pod told stays, and nothing else changes", () => {
    expect(known).toEqual({
      ...OLD,
      repositoryID: A,
      repositorySeenAt: "2026-11-29T02:00:00Z",
      repositoryPlace: expect.any(String),
    });
    expect(withSighting(known, seen("2026-11-30T02:00:00Z", A), NOW)).toMatchObject({ ...OLD, repositoryID: A });
  });

  test.each<[string, RepositoryStatus, string | undefined, string]>([
    ["one made anew over backups, by a pod that tells no id", OLD, undefined, "the repository was made"],
    ["one made anew over backups", OLD, B, "the repository was made"],
    ["one made anew where the id is known", known, B, "the repository was made"],
    ["one of another id that nobody made now", known, B, "the repository exists"],
  ])("%s: nothing of the former one is told, and it is not Ready", (_name, status, id, message) => {
    const sessions = [
      session("b-1", "2026-11-29T02:00:00Z", {}),
      session("b-2", "2026-11-30T02:00:00Z", { ...(id !== undefined && { repositoryID: id }) }, message),
    ];
    const after = decide(status, sessions);
    expect(after).toMatchObject({
      replacement: { seenAt: "2026-11-30T02:00:00Z", by: "BackupSession n/b-2", lostPoints: 30 },
      replacedAt: "2026-11-30T02:00:00Z",
      firstBackupTime: "2026-11-30T02:00:00Z",
      lastRecoveryPoint: { session: "b-2" },
      recoveryPoints: 0,
      points: [],
      snapshots: [],
    });
    expect(after.replacement?.id).toBe(id);
    for (const field of ["integrity", "lastCheckTime", "lastReadDataCheckTime", "snapshotCount", "totalSize"] as const)
      expect(after[field]).toBeUndefined();
    expect(findCondition(after.conditions, "RepositoryReplaced")).toMatchObject({ status: "True" });
    expect(findCondition(after.conditions, "Ready")).toMatchObject({ status: "False", reason: "RepositoryReplaced" });
    expect(findCondition(after.conditions, "Stalled")).toMatchObject({ status: "True" });
    // Looked at again, nothing changes: also not for a reconciler that was started anew.
    expect(decide(after, sessions)).toEqual(after);
  });

  test("where the session failed that found it, the last recovery point of before is told no more", () => {
    const sessions = [
      session("b-1", "2026-11-29T02:00:00Z", {}),
      session("b-2", "2026-11-30T02:00:00Z", { repositoryID: B }, "the repository was made", "Failed"),
    ];
    const after = decide(known, sessions);
    expect(after.lastRecoveryPoint).toBeUndefined();
    expect(after.firstBackupTime).toBeUndefined();
  });

  test("is loud until somebody names its id, and that word says nothing of the next one", () => {
    const replaced = withSighting(known, seen("2026-11-30T02:00:00Z", B, true), NOW);
    for (const word of ["", "yes", B?.slice(0, 7), A, `${B}0`])
      expect(withAcceptance(replaced, { [Annotation.AcceptRepository]: word ?? "" })).toBe(replaced);
    const accepted = decide(replaced, [], { [Annotation.AcceptRepository]: "bbbbbbbb" });
    expect(accepted).toMatchObject({ repositoryID: B, replacedAt: "2026-11-30T02:00:00Z" });
    expect(accepted.replacement).toBeUndefined();
    expect(findCondition(accepted.conditions, "Ready")).toMatchObject({ status: "True" });
    const later = new Date("2026-12-02T00:00:00Z");
    expect(withSighting(accepted, seen("2026-12-01T02:00:00Z", C), later).replacement).toMatchObject({ id: C });
  });

  test("one without a known id is accepted by the time at which it was seen, and then has the next id", () => {
    const replaced = withSighting(OLD, seen("2026-11-30T02:00:00Z", undefined, true), NOW);
    const accepted = withAcceptance(replaced, { [Annotation.AcceptRepository]: "2026-11-30T02:00:00Z" });
    expect(accepted.replacement).toBeUndefined();
    expect(withSighting(accepted, seen("2026-11-30T02:01:00Z", B), NOW)).toMatchObject({ repositoryID: B });
    expect(withSighting(replaced, seen("2026-11-30T02:01:00Z", B), NOW).replacement).toMatchObject({ id: B });
  });

  test("the former one that is mounted again ends it, and what was saved into the other is not told of it", () => {
    const replaced = decide(known, [session("b-2", "2026-11-30T02:00:00Z", { repositoryID: B })]);
    const back = withSighting(replaced, seen("2026-11-30T02:04:00Z", A), NOW);
    expect(back).toMatchObject({ repositoryID: A, replacedAt: "2026-11-30T02:04:00Z" });
    expect(back.replacement).toBeUndefined();
    expect(back.lastRecoveryPoint).toBeUndefined();
  });

  test("an emptied one that is emptied again stays replaced", () => {
    const replaced = withSighting(known, seen("2026-11-30T02:00:00Z", B, true), NOW);
    expect(withSighting(replaced, seen("2026-11-30T02:03:00Z", B), NOW).replacement).toEqual(replaced.replacement);
    const again = withSighting(replaced, seen("2026-11-30T02:04:00Z", C, true), NOW);
    expect(again).toMatchObject({ repositoryID: A, replacement: { id: C, lostPoints: 30 } });
  });
});

describe("no alarm", () => {
  test("for the first session of a new Repository, however often it is looked at", () => {
    const first = [
      session("b-1", "2026-11-29T02:00:00Z", { repositoryID: A }, "the repository was made"),
      session("b-2", "2026-11-30T02:00:00Z", { repositoryID: A }),
    ];
    const once = decide({}, first);
    expect(once.replacement).toBeUndefined();
    expect(once).toMatchObject({ repositoryID: A, firstBackupTime: "2026-11-29T02:00:00Z" });
    expect(decide(once, first)).toEqual(once);
  });

  test("for a first session of before ids were recorded", () => {
    const status = { firstBackupTime: "2026-11-29T02:00:00Z", recoveryPoints: 2 };
    const made = session("b-1", "2026-11-29T02:00:00Z", {}, "the repository was made");
    expect(decide(status, [made]).replacement).toBeUndefined();
  });

  test("where the Repository is led elsewhere: the other one's history is forgotten", () => {
    const backend = { ...BACKEND, s3: { endpoint: "store:9000", bucket: "other" } };
    const moved = withSighting(known, seen("2026-11-30T02:00:00Z", B, true, { backend }), NOW);
    expect(moved).toMatchObject({ repositoryID: B, recoveryPoints: 0, points: [] });
    expect(moved.replacement).toBeUndefined();
    expect(moved.integrity).toBeUndefined();
  });

  test("but another Secret or number of connections leads nowhere else", () => {
    const backend = { storageSecretName: "new", s3: { ...BACKEND.s3, maxConnections: 9 } };
    expect(withSighting(known, seen("2026-11-30T02:00:00Z", B, true, { backend }), NOW).replacement).toBeDefined();
    const s3 = { s3: { endpoint: "store:9000", bucket: "backups" }, storageSecretName: "secret" };
    expect(withSighting(known, seen("2026-11-30T02:00:00Z", A, false, { backend: s3 }), NOW).points).toBeUndefined();
  });

  test.each(["x", "", "A".repeat(64)])("for what is no id of restic's: %s", (id) => {
    expect(withSighting(known, seen("2026-11-30T02:00:00Z", id), NOW)).toBe(known);
  });

  test("and none that a time in the future could keep from coming", () => {
    const ahead = { ...known, repositorySeenAt: "2027-11-30T00:00:00Z" };
    expect(withSighting(ahead, seen("2026-11-30T02:00:00Z", B), NOW).replacement).toMatchObject({ id: B });
    const future = withSighting(known, seen("2027-11-30T00:00:00Z", A), NOW);
    expect(future.repositorySeenAt).toBe("2026-11-30T02:05:00Z");
  });
});

test("S10: a session for which no work on the Repository was ordered takes no history away, whatever its status says", () => {
  const told = session("forged", "2026-11-30T02:00:00Z", { repositoryID: B }, "the repository was made");
  const view = { namespace: "n", generation: 1, status: known, references: [], sessions: [told] };
  const after = decideRepositoryStatus({ ...view, seers: [] }, NOW);
  expect(after).toMatchObject({ repositoryID: A, recoveryPoints: 30, firstBackupTime: OLD.firstBackupTime });
  expect(after.replacement).toBeUndefined();
  expect(decideRepositoryStatus({ ...view, seers: [told] }, NOW).replacement?.id).toBe(B);
});

describe("S10: a session of another namespace", () => {
  const elsewhere = (status: RepositoryStatus, ...sessions: readonly ReturnType<typeof session>[]) =>
    decide(status, sessions, {}, "vault");

  test.each([
    ["another id", { repositoryID: B }, "the repository exists"],
    ["that it made the repository", {}, "the repository was made"],
  ])("takes no history away that tells of %s: a check of the Repository's own looks soon", (_what, facts, message) => {
    const told = session("b-2", "2026-11-30T02:00:00Z", facts, message);
    const after = elsewhere(known, told);
    expect(after).toMatchObject({ repositoryID: A, recoveryPoints: 30, firstBackupTime: OLD.firstBackupTime });
    expect(after.replacement).toBeUndefined();
    expect(isDoubted(after)).toBe(true);
    expect(elsewhere(after, told)).toEqual(after);
    const work = {
      metadata: { name: "store", namespace: "vault" },
      status: { ...after, lastCheckTime: "2026-11-30T01:00:00Z" },
    };
    expect(dueWork({ repository: work, isPruneWanted: false, deletions: [] }, NOW).actions).toEqual([
      "VerifyRepositoryIntegrity",
    ]);
    const confirmed = withSighting(after, seen("2026-11-30T02:03:00Z", A), NOW);
    expect(isDoubted(elsewhere(confirmed, told))).toBe(false);
  });

  test("does not say which repository it is", () => {
    expect(elsewhere(OLD, session("b-2", "2026-11-30T02:00:00Z", { repositoryID: B })).repositoryID).toBeUndefined();
  });
});

test("locks that were seen in the former repository are not told of the new one", () => {
  const locked = { ...known, locks: [{ id: "abc", hostname: "h", pid: 1 }], locksSeenAt: "2026-11-29T03:00:00Z" };
  const after = withSighting(locked, seen("2026-11-30T02:00:00Z", B), NOW);
  expect([after.locks, after.locksSeenAt]).toEqual([undefined, undefined]);
});
