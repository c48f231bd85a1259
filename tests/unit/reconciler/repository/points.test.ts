import { describe, expect, test } from "vitest";
import { type PointsView, withPoints } from "../../../../reconciler/repository/points.ts";
import { type HostRun, parseHostRun } from "../../../../shared/api/host-run.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { type ListedPoint, MAX_LISTED_POINTS } from "../../../../shared/api/recovery-point.ts";
import { parseRepository, type RepositoryStatus } from "../../../../shared/api/repository.ts";

const NOW = new Date("2026-01-20T00:00:00Z");
const BACKEND = { rest: { url: "http://store:8000/" } };
const REPOSITORY = parseRepository({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "store", namespace: "vault", uid: "of-store" },
  spec: { backend: BACKEND },
});

const day = (number: number) => new Date(Date.UTC(2026, 0, number)).toISOString();

function aPoint(number: number, change: Partial<ListedPoint> = {}): ListedPoint {
  const invoker = { kind: "BackupBatch", name: "shop" };
  return { namespace: "demo", session: `s-${number}`, invoker, time: day(number), complete: true, ...change };
}

interface Told {
  readonly day: number;
  readonly points: readonly object[];
  readonly namespace?: string;
  readonly invoker?: string;
  readonly cluster?: string;
  readonly spec?: object;
}

function aSessionReport({
  day: at,
  points,
  namespace = "demo",
  invoker = "shop",
  cluster = "here",
  spec,
}: Told): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace, name: `r-${at}` },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name: `s-${at}`, uid: `of-${at}` },
      host: "db",
      pod: { name: "p", uid: "u" },
      createdAt: day(at),
      assignedAt: day(at),
      repository: { name: "store", namespace: "vault", backend: BACKEND },
      backup: { invoker: { kind: "BackupBatch", name: invoker }, cluster, time: day(at) },
      ...spec,
    },
    status: { listedPoints: points },
  });
}

function aMaintenanceReport({ day: at, points, namespace = "vault", spec }: Told): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace, name: `m-${at}` },
    spec: {
      work: "Maintain",
      run: { kind: "Repository", name: "store", uid: "of-store" },
      host: "p",
      pod: { name: "p", uid: "u" },
      assignedAt: day(at),
      repository: { name: "store", namespace: "vault", backend: BACKEND },
      ...spec,
    },
    status: { listedPoints: points },
  });
}

function told(reports: readonly HostRun[], status: RepositoryStatus = {}, view: Partial<PointsView> = {}) {
  return withPoints(status, { repository: REPOSITORY, reports, cluster: "here", ...view }, NOW);
}

const namesOf = ({ points = [] }: RepositoryStatus) => points.map(({ session }) => session);

describe("a session tells of its own invoker", () => {
  test("its points take the place of the invoker's, and of no other's", () => {
    const blog = { invoker: { kind: "BackupBatch", name: "blog" } };
    const before = { points: [aPoint(2), aPoint(1), aPoint(1, { session: "b-1", ...blog })] };
    const after = told([aSessionReport({ day: 3, points: [aPoint(3), aPoint(2, { complete: false })] })], before);
    expect(namesOf(after)).toEqual(["s-3", "s-2", "b-1"]);
    expect(after.recoveryPoints).toBe(2);
  });

  test("of several reports the newest counts, in whatever order they come", () => {
    const reports = [
      aSessionReport({ day: 3, points: [aPoint(3), aPoint(2)] }),
      aSessionReport({ day: 2, points: [aPoint(2), aPoint(1)] }),
    ];
    expect(namesOf(told(reports))).toEqual(["s-3", "s-2"]);
    expect(namesOf(told(reports.toReversed()))).toEqual(["s-3", "s-2"]);
  });

  test("one that is left over from before a newer one that is gone brings nothing back", () => {
    const known = told([aSessionReport({ day: 3, points: [aPoint(3)] })]);
    expect(told([aSessionReport({ day: 2, points: [aPoint(2), aPoint(1)] })], known)).toEqual(known);
  });

  test("without a report everything stays as it is, also when all sessions are gone", () => {
    const status = { points: [aPoint(2)], recoveryPoints: 1 };
    expect(told([], status)).toBe(status);
  });

  test("what is in the repository of a retention that failed is told all the same, incomplete ones with what they lack", () => {
    const lacking = aPoint(3, { complete: false, unreadableFiles: 7, keptBy: ["waiting"] });
    expect(told([aSessionReport({ day: 3, points: [lacking] })])).toMatchObject({
      recoveryPoints: 0,
      points: [{ session: "s-3", complete: false, unreadableFiles: 7, keptBy: ["waiting"] }],
    });
  });
});

describe("a maintenance tells of all", () => {
  test("also of other clusters' points, which alone name theirs, and leaves what retention said", () => {
    const before = { points: [aPoint(2, { keptBy: ["keepLast"] }), aPoint(1)] };
    const listed = [aPoint(2, { cluster: "here" }), aPoint(2, { cluster: "there" })];
    const after = told([aMaintenanceReport({ day: 3, points: listed })], before);
    expect(after.pointsListedAt).toBe(day(3));
    expect(after.points?.map(({ cluster, keptBy }) => [cluster, keptBy])).toEqual([
      ["there", undefined],
      [undefined, ["keepLast"]],
    ]);
  });

  test("what a session told before it is no news, what one tells after it is", () => {
    const known = told([aMaintenanceReport({ day: 5, points: [aPoint(4)] })]);
    expect(told([aSessionReport({ day: 4, points: [aPoint(4), aPoint(3)] })], known)).toEqual(known);
    expect(namesOf(told([aSessionReport({ day: 6, points: [aPoint(6), aPoint(4)] })], known))).toEqual(["s-6", "s-4"]);
  });
});

describe("what a tenant may say", () => {
  test("his pod speaks for the invoker of its order alone, whatever it says of others", () => {
    const victim = aPoint(2);
    const lies = [
      aPoint(3, { namespace: "demo", complete: false }),
      aPoint(4, { namespace: "demo", cluster: "there" }),
    ];
    const after = told([aSessionReport({ day: 5, namespace: "evil", invoker: "own", points: lies })], {
      points: [victim],
    });
    expect(after.points).toContainEqual(victim);
    const rest = (after.points ?? []).filter(({ namespace }) => namespace !== "evil");
    expect(rest).toEqual([victim]);
    expect(after.points?.every(({ cluster }) => cluster === undefined)).toBe(true);
  });

  test("a hundred points of his, of days to come, push out nobody's", () => {
    const many = Array.from({ length: MAX_LISTED_POINTS }, (_, at) => aPoint(400 + at));
    const mine = [aPoint(2), aPoint(1)];
    const after = told([aSessionReport({ day: 5, namespace: "evil", points: many })], { points: mine });
    expect(after.points).toEqual(expect.arrayContaining(mine));
    expect(after.points).toHaveLength(MAX_LISTED_POINTS);
  });

  test("numbers that JSON can't carry are left out: the API server would refuse the status for good", () => {
    const huge = Number("9223372036854775807");
    const point = aPoint(3, { sizeBytes: huge, memberCount: huge, unreadableFiles: huge });
    const members = [{ name: "db", complete: true, sizeBytes: huge, hosts: huge, position: huge }];
    const after = told([aSessionReport({ day: 3, points: [{ ...point, members }] })]);
    expect(after.points).toEqual([{ ...aPoint(3), members: [{ name: "db", complete: true }] }]);
  });

  test("a run of another Repository, of its name in another place, or from elsewhere tells nothing", () => {
    const point = aPoint(3);
    const elsewhere = {
      repository: { name: "store", namespace: "vault", backend: { rest: { url: "http://other/" } } },
    };
    const reports = [
      aSessionReport({ day: 3, points: [point], spec: elsewhere }),
      aSessionReport({ day: 3, points: [point], spec: { repository: { ...elsewhere.repository, namespace: "demo" } } }),
      aSessionReport({ day: 3, points: [point], cluster: "there" }),
      aSessionReport({ day: 3, points: [point], spec: { backup: undefined } }),
      aMaintenanceReport({ day: 3, points: [point], namespace: "evil" }),
      aMaintenanceReport({
        day: 3,
        points: [point],
        spec: { run: { kind: "Repository", name: "store", uid: "other" } },
      }),
    ];
    for (const report of reports) expect(told([report]).points, JSON.stringify(report.spec)).toBeUndefined();
  });

  test("what he writes into the status himself, of days to come, stops no news", () => {
    const planted = { points: [aPoint(30, { session: "planted" })], pointsListedAt: day(31) };
    const after = told([aSessionReport({ day: 3, points: [aPoint(3)] })], planted);
    expect(namesOf(after)).toEqual(["s-3"]);
    const listed = told([aMaintenanceReport({ day: 4, points: [aPoint(3)] })], planted);
    expect(namesOf(listed)).toEqual(["s-3"]);
    expect(listed.pointsListedAt).toBe(day(4));
  });
});

test("the points take half of a status at most: members go before points", () => {
  const members = Array.from({ length: 200 }, (_, at) => ({
    alias: `member-${at}`,
    kind: "Deployment",
    complete: true,
  }));
  const points = Array.from({ length: MAX_LISTED_POINTS }, (_, at) => aPoint(at + 1, { members }));
  const after = told([aMaintenanceReport({ day: 3, points })]);
  expect(after.points).toHaveLength(MAX_LISTED_POINTS);
  expect(Buffer.byteLength(JSON.stringify(after.points))).toBeLessThanOrEqual(128 * 1024);
  expect(after.points?.at(-1)?.members).toBeUndefined();
  expect(after.points?.[0]?.members).toHaveLength(200);
});
