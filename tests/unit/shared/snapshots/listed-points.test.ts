import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ListedPoint, MAX_LISTED_POINTS } from "../../../../shared/api/recovery-point.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { SnapshotTag } from "../../../../shared/contract.ts";
import {
  boundPoints,
  listPoints,
  newestPoints,
  type SizedSnapshot,
} from "../../../../shared/snapshots/listed-points.ts";
import { pointKey } from "../../../../shared/snapshots/recovery-points.ts";
import { recordTags, type SnapshotOrigin, snapshotTags } from "../../../../shared/snapshots/tags.ts";

const SHOP = { kind: "BackupBatch", namespace: "demo", name: "shop", cluster: "here" };
const MEMBERS = ["db", "web"];

interface Written {
  readonly session?: string;
  readonly time?: string;
  readonly member?: string;
  readonly kind?: string;
  readonly host?: string;
  readonly hosts?: number;
  readonly paths?: number;
  readonly path?: string;
  readonly invoker?: SnapshotOrigin["invoker"];
  readonly sizeBytes?: number;
  readonly marks?: readonly string[];
}

let ids = 0;

function aSnapshot(written: Written = {}): SizedSnapshot {
  const { member = "db", kind = "Deployment", host = member, session = "one", path = "/data" } = written;
  const { time = "2026-01-01T00:00:00Z", invoker = SHOP, hosts = 1, paths = 1, marks = [], sizeBytes } = written;
  const origin = {
    session: { namespace: invoker.namespace, name: session, time },
    invoker,
    target: { kind, namespace: invoker.namespace, name: `${member}-app` },
    part: { member: MEMBERS.indexOf(member) + 1, members: MEMBERS.length, hosts },
  };
  ids += 1;
  return {
    id: String(ids),
    time,
    hostname: host,
    paths: [path],
    tags: [...snapshotTags(origin), ...recordTags(origin, paths), ...marks],
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
}

const both = (written: Written = {}) => MEMBERS.map((member) => aSnapshot({ ...written, member }));
const sessionsOf = (points: readonly ListedPoint[]) => points.map(({ session }) => session);

describe("snapshots become points", () => {
  test("with members, sizes and whether all is there", () => {
    const points = listPoints(both({ sizeBytes: 7, session: "shop-1767225600" }));
    expect(points).toEqual([
      {
        namespace: "demo",
        session: "shop-1767225600",
        invoker: { kind: "BackupBatch", name: "shop" },
        cluster: "here",
        time: "2026-01-01T00:00:00.000Z",
        complete: true,
        memberCount: 2,
        members: [
          { position: 1, alias: "db", kind: "Deployment", name: "db-app", complete: true, hosts: 1, sizeBytes: 7 },
          { position: 2, alias: "web", kind: "Deployment", name: "web-app", complete: true, hosts: 1, sizeBytes: 7 },
        ],
        sizeBytes: 14,
      },
    ]);
  });

  test.each([
    ["a member is missing", [aSnapshot()], [true]],
    ["a host is missing", [...both(), aSnapshot({ session: "two", hosts: 2 })].slice(1), undefined],
    ["a path is missing", [aSnapshot({ paths: 2 }), aSnapshot({ member: "web" })], [false, true]],
    [
      "a member is not whole",
      [aSnapshot(), aSnapshot({ member: "web", marks: [`${SnapshotTag.Incomplete}FILES_UNREADABLE`] })],
      [true],
    ],
  ])("incomplete where %s", (_what, snapshots, members) => {
    const points = listPoints(snapshots);
    expect(points.every(({ complete }) => !complete)).toBe(true);
    if (members !== undefined) expect(points[0]?.members?.map(({ complete }) => complete)).toEqual(members);
  });

  test("what tags don't tell is not called complete", () => {
    const [snapshot] = both();
    const tags = (snapshot?.tags ?? []).filter((tag) => !tag.startsWith(SnapshotTag.Hosts));
    expect(listPoints(snapshot === undefined ? [] : [{ ...snapshot, tags }])).toMatchObject([
      { complete: false, members: [{ complete: false }] },
    ]);
  });

  test("an incomplete one tells how many files could not be read, also those of what is not whole", () => {
    const lost = [`${SnapshotTag.Incomplete}FILES_UNREADABLE`, `${SnapshotTag.Unreadable}4`];
    const snapshots = [aSnapshot({ marks: [`${SnapshotTag.Unreadable}3`] }), aSnapshot({ member: "web", marks: lost })];
    expect(listPoints(snapshots)).toMatchObject([{ complete: false, unreadableFiles: 7 }]);
  });

  test("a session of which nothing whole is left is none, nor are snapshots that Stash made", () => {
    const half = aSnapshot({ marks: [`${SnapshotTag.Incomplete}RESTIC_FAILED`] });
    expect(listPoints([half, { ...aSnapshot(), tags: [] }])).toEqual([]);
  });

  test("ties are always listed in the same order", () => {
    const snapshots = ["b", "a", "c"].flatMap((session) => both({ session }));
    const orders = [snapshots, snapshots.toReversed()].map((some) => sessionsOf(listPoints(some)));
    expect(orders).toEqual([
      ["c", "b", "a"],
      ["c", "b", "a"],
    ]);
  });

  test("two sessions of one name and invoker, one made anew, are two points, as for a restore", () => {
    const points = listPoints([
      ...both({ sizeBytes: 1 }),
      ...both({ sizeBytes: 5, time: "2026-01-02T00:00:00Z", session: "one" }),
    ]);
    expect(points).toMatchObject([
      { complete: true, sizeBytes: 10 },
      { complete: true, sizeBytes: 2 },
    ]);
  });

  test("several invokers with a session of one name are apart", () => {
    const blog = { ...SHOP, kind: "BackupConfiguration", name: "blog" };
    const points = listPoints([...both(), aSnapshot({ invoker: blog })]);
    expect(points.map(({ invoker, complete }) => [invoker?.name, complete])).toEqual([
      ["blog", false],
      ["shop", true],
    ]);
  });

  test("two clusters and two namespaces with the same names are apart, and one does not complete the other", () => {
    const there = { ...SHOP, cluster: "there" };
    const other = { ...SHOP, namespace: "other" };
    const points = listPoints([aSnapshot(), aSnapshot({ member: "web", invoker: there }), ...both({ invoker: other })]);
    expect(points.map(({ cluster, namespace, complete }) => [cluster, namespace, complete]).sort()).toEqual([
      ["here", "demo", false],
      ["here", "other", true],
      ["there", "demo", false],
    ]);
  });

  test("the alias is read off the hosts, except of a DaemonSet", () => {
    const named = (kind: string, host: string) =>
      listPoints([aSnapshot({ kind, host })]).flatMap(({ members }) => members?.map(({ alias }) => alias));
    expect(named("Deployment", "db")).toEqual(["db"]);
    expect(named("Deployment", "host-0")).toEqual([undefined]);
    expect(named("StatefulSet", "db-3")).toEqual(["db"]);
    expect(named("StatefulSet", "host-3")).toEqual([undefined]);
    expect(named("DaemonSet", "node-1")).toEqual([undefined]);
  });

  test("the reasons of retention stand at their session", () => {
    const snapshots = [...both(), ...both({ session: "two" })];
    const [, { time = "" } = {}] = listPoints(snapshots);
    const reasons = new Map([[pointKey("demo/one", time), ["keepLast", "keepDaily"] as const]]);
    const points = listPoints(snapshots, reasons);
    expect(points.map(({ session, keptBy }) => [session, keptBy])).toEqual([
      ["two", undefined],
      ["one", ["keepLast", "keepDaily"]],
    ]);
  });
});

test("whatever tags a repository holds, the API server takes what is listed of them", () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "1/4294967296",
      "9/99999999999999999999",
      "1e400",
      "-5",
      "2026",
      "+275760-09-13",
      "a/b",
      "9".repeat(40),
    ),
    fc.string({ minLength: 250, maxLength: 600 }),
  );
  const tag = fc.tuple(fc.constantFrom(...Object.values(SnapshotTag)), value).map(([prefix, text]) => prefix + text);
  const snapshot = fc.record({
    id: fc.string(),
    time: fc.constantFrom("2026-01-01T00:00:05.123456789Z", "2026-01-01T00:00:05+02:00"),
    hostname: fc.string(),
    paths: fc.array(fc.string(), { maxLength: 2 }),
    tags: fc.array(tag, { maxLength: 12 }),
    sizeBytes: fc.oneof(fc.nat(), fc.constant(2 ** 63), fc.double()),
  });
  const listed = fc.property(fc.array(snapshot, { maxLength: 6 }), (snapshots) => {
    const points = listPoints(snapshots);
    const metadata = { name: "store", namespace: "demo" };
    const object = { apiVersion: "stash.appscode.com/v1alpha1", kind: "Repository", metadata, spec: {} };
    parseRepository({ ...object, status: { points: newestPoints(points) } });
    JSON.parse(JSON.stringify(points), (_key, one: unknown) => {
      if (typeof one === "number") expect(Number.isSafeInteger(one) && one >= 0).toBe(true);
      return one;
    });
  });
  fc.assert(listed, { numRuns: 500 });
});

function aPoint(change: Partial<ListedPoint> & { readonly day: number }): ListedPoint {
  const { day, ...rest } = change;
  const time = new Date(Date.UTC(2026, 0, day)).toISOString();
  return { namespace: "demo", session: `s-${day}`, invoker: SHOP, time, complete: true, ...rest };
}

describe("as many as are listed", () => {
  test("are the newest of each invoker: one that makes many pushes out no other's", () => {
    const busy = Array.from({ length: 300 }, (_, day) => aPoint({ day: day + 100 }));
    const rare = [1, 2, 3].map((day) => aPoint({ day, invoker: { kind: "BackupBatch", name: "rare" } }));
    const listed = newestPoints([...rare, ...busy]);
    expect(listed).toHaveLength(MAX_LISTED_POINTS);
    expect(sessionsOf(listed.slice(-3))).toEqual(["s-3", "s-2", "s-1"]);
    expect(listed[0]?.session).toBe("s-399");
    expect(listed[96]?.session).toBe("s-303");
  });

  test("lose the members of the oldest before any point goes", () => {
    const members = Array.from({ length: 100 }, (_, at) => ({ position: at + 1, alias: `m-${at}`, complete: true }));
    const points = Array.from({ length: 100 }, (_, at) => aPoint({ day: 200 - at, members }));
    const bounded = boundPoints(points, 100_000);
    expect(JSON.stringify(bounded).length).toBeLessThanOrEqual(100_000);
    expect(bounded).toHaveLength(100);
    expect(bounded[0]?.members).toHaveLength(100);
    const first = bounded.findIndex((point) => point.members === undefined);
    expect(first).toBeGreaterThan(5);
    expect(bounded.slice(first).every((point) => point.members === undefined)).toBe(true);
    expect(boundPoints(points, 1_000).length).toBeGreaterThan(0);
    expect(JSON.stringify(boundPoints(points, 1_000)).length).toBeLessThanOrEqual(1_000);
    expect(boundPoints(points, 10_000_000)).toEqual(points);
  });
});
