import { describe, expect, test } from "vitest";
import { isPointOf, listPoints, newestComplete, ofThisCluster } from "../../../../cli/points/decide.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { aBatch, aSession, hoursAgo } from "../../../support/cli/objects.ts";

const NONE = { sessions: [], repositories: [], invokers: [] };

function aRepository(status: object) {
  const raw = {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: {},
    status,
  };
  return { raw, object: parseRepository(raw) };
}

test("a session is a point with its members and snapshots", () => {
  const [point] = listPoints({ ...NONE, sessions: [aSession()] });
  expect(point).toMatchObject({
    namespace: "demo",
    session: "shop-1",
    time: hoursAgo(5),
    invoker: "shop",
    repository: "demo/store",
    isComplete: true,
    members: [
      { name: "db", isSaved: true, sizeBytes: 2_048, snapshots: [{ host: "db", path: "/data", id: "dbaaaabbbb" }] },
      { name: "web", isSaved: true },
    ],
  });
});

test("a point that lacks a member is told as incomplete, and which one it is", () => {
  const session = aSession({ phase: "Failed", targets: [{ alias: "db" }, { alias: "web", phase: "Failed" }] });
  expect(listPoints({ ...NONE, sessions: [session] })).toMatchObject([
    { isComplete: false, members: [{ isSaved: true }, { name: "web", isSaved: false }] },
  ]);
});

test("a session that was deleted and made anew under its name is another point", () => {
  const repository = aRepository({ lastRecoveryPoint: { session: "shop-1", time: hoursAgo(90) } });
  const points = listPoints({ ...NONE, sessions: [aSession()], repositories: [repository] });
  expect(points.map(({ session, time }) => [session, time])).toEqual([
    ["shop-1", hoursAgo(5)],
    ["shop-1", hoursAgo(90)],
  ]);
});

test("a session that runs, or that saved nothing, is no point", () => {
  const nothing = aSession({ phase: "Failed", targets: [{ alias: "db", phase: "Failed" }] });
  expect(listPoints({ ...NONE, sessions: [aSession({ phase: "Running" }), nothing] })).toEqual([]);
});

test("points of the repository's status are there when all sessions are gone", () => {
  const repository = aRepository({
    points: [
      {
        session: "shop-1893585600",
        time: hoursAgo(20),
        complete: true,
        members: [{ alias: "db", complete: true, sizeBytes: 7 }],
      },
      { session: "other/blog-1", time: hoursAgo(30), complete: false },
    ],
    lastRecoveryPoint: { session: "shop-9", time: hoursAgo(2) },
  });
  expect(listPoints({ ...NONE, repositories: [repository] })).toMatchObject([
    { session: "shop-9", isComplete: true, members: undefined },
    { session: "shop-1893585600", isComplete: true, members: [{ name: "db", sizeBytes: 7 }], source: "Repository" },
    { namespace: "other", session: "blog-1", isComplete: false },
  ]);
});

test("each point is told once, by who knows most of it", () => {
  const repository = aRepository({ lastRecoveryPoint: { session: "shop-1", time: hoursAgo(5) } });
  const points = listPoints({ sessions: [aSession()], repositories: [repository], invokers: [aBatch()] });
  expect(points).toMatchObject([{ session: "shop-1", source: "BackupSession" }]);
});

test("the newest complete point at or before a time is found", () => {
  const half = aSession({ name: "half", hoursAgo: 1, targets: [{ alias: "db" }, { alias: "web", phase: "Failed" }] });
  const points = listPoints({ ...NONE, sessions: [aSession(), half, aSession({ name: "old", hoursAgo: 9 })] });
  expect(newestComplete(points)?.session).toBe("shop-1");
  expect(newestComplete(points, Date.parse(hoursAgo(5)))?.session).toBe("shop-1");
  expect(newestComplete(points, Date.parse(hoursAgo(6)))?.session).toBe("old");
  expect(newestComplete(points, Date.parse(hoursAgo(10)))).toBeUndefined();
});

test("whose a point is follows from its session, else from the session's name", () => {
  const [told] = listPoints({ ...NONE, sessions: [aSession({ name: "any", batch: "shop" })] });
  const untold = (session: string) =>
    listPoints({
      ...NONE,
      repositories: [aRepository({ points: [{ session, time: hoursAgo(1), complete: false }] })],
    })[0];
  for (const [point, isOf] of [
    [told, true],
    [untold("shop-1893585600"), true],
    [untold("shop-blue-1893585600"), false],
    [untold("shop-now"), false],
    [untold("elsewhere/shop-1893585600"), false],
  ] as const) {
    expect(point && isPointOf(point, aBatch()), point?.session).toBe(isOf);
  }
});

describe("points that the repository lists", () => {
  const shop = { kind: "BackupBatch", name: "shop" };
  const listed = (points: readonly object[], invokers = [aBatch()]) =>
    listPoints({ ...NONE, repositories: [aRepository({ points })], invokers });
  const aPoint = (change: object = {}) => ({
    namespace: "demo",
    session: "now",
    time: hoursAgo(1),
    complete: true,
    invoker: shop,
    ...change,
  });

  test("name their batch, what keeps them and what they lack", () => {
    const [point] = listed([aPoint({ complete: false, unreadableFiles: 7, keptBy: ["waiting"] })]);
    expect(point).toMatchObject({ invoker: "shop", isComplete: false, unreadableFiles: 7, keptBy: ["waiting"] });
    expect(point && isPointOf(point, aBatch())).toBe(true);
  });

  test("have the members' names of the batch, where it still names the same target", () => {
    const members = [
      { position: 1, alias: "db", kind: "StatefulSet", name: "db", complete: true },
      { position: 2, kind: "DaemonSet", name: "agent", complete: true },
    ];
    const ref = { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent" };
    const batch = aBatch({ spec: { members: [{ target: {} }, { target: { alias: "nodes", ref } }] } });
    expect(listed([aPoint({ members })], [batch])[0]?.members?.map(({ name }) => name)).toEqual(["db", "nodes"]);
    expect(listed([aPoint({ members })], [])[0]?.members?.map(({ name }) => name)).toEqual(["db", "agent"]);
  });

  test("of two invokers or clusters with one session name are told apart, and this cluster's come first", () => {
    const other = aPoint({ invoker: { kind: "BackupBatch", name: "blog" } });
    const points = listed([aPoint(), other, aPoint({ cluster: "there" })], []);
    expect(points.map(({ invoker, cluster }) => [invoker, cluster])).toEqual([
      ["shop", undefined],
      ["blog", undefined],
      ["shop", "there"],
    ]);
    expect(ofThisCluster(points)).toHaveLength(2);
    expect(ofThisCluster(points.slice(2))).toHaveLength(1);
  });

  test("add what retention says to the point that a session tells of", () => {
    const repositories = [
      aRepository({ points: [aPoint({ session: "shop-1", time: hoursAgo(5), keptBy: ["keepLast"] })] }),
    ];
    expect(listPoints({ ...NONE, sessions: [aSession()], repositories })).toMatchObject([
      { session: "shop-1", source: "BackupSession", keptBy: ["keepLast"], members: [{ name: "db" }, { name: "web" }] },
    ]);
  });
});
