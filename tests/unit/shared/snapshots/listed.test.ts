import { expect, test } from "vitest";
import { listedSnapshotsSchema, MAX_LISTED_SNAPSHOTS } from "../../../../shared/api/listed-snapshot.ts";
import { checkValue } from "../../../../shared/api/schema-check.ts";
import { boundSnapshots, listSnapshots, type TellingSnapshot } from "../../../../shared/snapshots/listed.ts";

const MINUTE_MS = 60_000;
const LENGTH = 256 * 1024;

function aSnapshot(number: number, change: Partial<TellingSnapshot> = {}): TellingSnapshot {
  return {
    id: number.toString(16).padStart(64, "0"),
    time: new Date(Date.UTC(2026, 0, 1) + number * MINUTE_MS).toISOString(),
    hostname: "host-0",
    paths: ["/data"],
    tags: ["session=demo/s"],
    tree: "a".repeat(64),
    username: "root",
    uid: 0,
    gid: 0,
    ...change,
  };
}

const idsOf = (snapshots: readonly { readonly id: string }[]) => snapshots.map(({ id }) => Number.parseInt(id, 16));

test("they are listed newest first, with times that API servers read", () => {
  const listed = listSnapshots([aSnapshot(1), aSnapshot(2, { time: "2026-01-02T03:04:05.123456789+02:00" })], LENGTH);
  expect(idsOf(listed)).toEqual([2, 1]);
  expect(listed[0]?.time).toBe("2026-01-02T01:04:05.123Z");
});

test("what restic never wrote is left out, and never reaches a status", () => {
  const odd = [
    aSnapshot(1, { id: "--prune" }),
    aSnapshot(2, { id: "A".repeat(64) }),
    aSnapshot(3, { time: "yesterday" }),
    aSnapshot(4, { time: "+020000-01-01T00:00:00Z" }),
    aSnapshot(5, { uid: -1, gid: 1e300, tree: "x" }),
  ];
  const listed = listSnapshots(odd, LENGTH);
  expect(idsOf(listed)).toEqual([5]);
  for (const field of ["uid", "gid", "tree"]) expect(listed[0]).not.toHaveProperty(field);
});

test("one with very much text loses paths and tags, and says so by having none", () => {
  const paths = Array.from({ length: 900 }, (_, index) => `/data/${index}`);
  const [listed] = listSnapshots([aSnapshot(1, { paths, hostname: "h".repeat(10_000) })], LENGTH);
  expect(listed).not.toHaveProperty("paths");
  expect(listed).not.toHaveProperty("tags");
  expect(listed?.hostname).toHaveLength(4_096);
});

test("a host that is saved each minute leaves room for one that is saved each month", () => {
  const often = Array.from({ length: 2_000 }, (_, index) => aSnapshot(index + 100));
  const listed = listSnapshots([...often, aSnapshot(1, { hostname: "rare" }), aSnapshot(2, { paths: ["/x"] })], LENGTH);
  expect(listed.length).toBeLessThanOrEqual(MAX_LISTED_SNAPSHOTS);
  expect(idsOf(listed).slice(-2)).toEqual([2, 1]);
  expect(idsOf(listed)[0]).toBe(2_099);
});

test("there are never more, nor longer ones, than a status has room for", () => {
  const many = Array.from({ length: 2_000 }, (_, index) => aSnapshot(index, { tags: ["t".repeat(3_000)] }));
  const listed = listSnapshots(many, LENGTH);
  expect(Buffer.byteLength(JSON.stringify(listed))).toBeLessThanOrEqual(LENGTH);
  expect(listed.length).toBeGreaterThan(50);
  expect(checkValue(listedSnapshotsSchema, listed).problems).toEqual([]);
  expect(boundSnapshots(listed, LENGTH)).toEqual(listed);
});
