import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../../agent/restic/snapshots.ts";
import { ofMember, oneHolding, snapshotsOfPoint } from "../../../../cli/browse/choose-snapshots.ts";
import { isInFolder, parseBackupPath, parsePlaceWord } from "../../../../cli/browse/place-word.ts";
import { formatFile, readListedFile } from "../../../../cli/browse/run-ls.ts";

const point = {
  namespace: "shop",
  session: "nightly-1",
  repository: "shop/store",
  targets: new Map([
    ["site", "Deployment/shop/web"],
    ["db", "StatefulSet/shop/mysql"],
  ]),
};

function aSnapshot(id: string, target: string, hostname: string, path: string, session = "shop/nightly-1"): Snapshot {
  const tags = [`session=${session}`, `target=${target}`];
  return { id, time: "2030-01-01T00:00:00Z", hostname, paths: [path], tags };
}

const all = snapshotsOfPoint(point, [
  aSnapshot("1", "Deployment/shop/web", "site", "/data"),
  aSnapshot("2", "Deployment/shop/web", "site", "/data/deep"),
  aSnapshot("3", "StatefulSet/shop/mysql", "db-0", "/var"),
  aSnapshot("4", "StatefulSet/shop/mysql", "db-1", "/var"),
  aSnapshot("5", "Deployment/shop/web", "site", "/data", "other/nightly-1"),
  aSnapshot("6", "Deployment/shop/gone", "host-0", "/old"),
]);

test("those of the session alone are the point's, by the names of its members; one that nobody knows by its target's", () => {
  expect(all.map(({ id, member }) => `${member} ${id}`)).toEqual(["db 3", "db 4", "gone 6", "site 1", "site 2"]);
});

test("of two sessions of one name that of the point's time is meant, and the newest where nobody tells a time", () => {
  const at = (id: string, time: string) => {
    const snapshot = aSnapshot(id, "Deployment/shop/web", "site", "/data");
    return { ...snapshot, tags: [...snapshot.tags, `time=${time}`] };
  };
  const two = [at("old", "2030-01-01T00:00:00Z"), at("new", "2030-01-02T00:00:00Z")];
  const ids = (time?: string) => snapshotsOfPoint({ ...point, ...(time && { time }) }, two).map(({ id }) => id);
  expect(ids("2030-01-01T00:00:00.000Z")).toEqual(["old"]);
  expect(ids()).toEqual(["new"]);
});

describe("a member", () => {
  test("is chosen by its name, and its host", () => {
    expect(ofMember(all, point, "db", "db-1").map(({ id }) => id)).toEqual(["4"]);
    expect(ofMember(all, point, "site", undefined)).toHaveLength(2);
  });

  test.each([
    [undefined, undefined, "write nightly-1:MEMBER; members are db, gone, site"],
    ["stie", undefined, "did you mean site?"],
    ["db", "db-7", "hosts are db-0, db-1"],
  ])("%s %s is told with what there is", (member, host, next) => {
    const choose = () => ofMember(all, point, member, host);
    expect(choose).toThrow(expect.objectContaining({ next }));
  });

  test("of a point that the repository does not hold is told", () => {
    expect(() => ofMember([], point, undefined, undefined)).toThrow(/holds nothing of recovery point shop\/nightly-1/);
  });
});

describe("a path", () => {
  test("is in the deepest snapshot that holds it", () => {
    const own = ofMember(all, point, "site", undefined);
    expect(oneHolding(own, "/data/deep/file").id).toBe("2");
    expect(oneHolding(own, "/data/deeper").id).toBe("1");
    expect(() => oneHolding(own, "/data2")).toThrow(
      expect.objectContaining({ next: "saved paths are /data, /data/deep" }),
    );
  });

  test("of several hosts needs one of them", () => {
    expect(() => oneHolding(ofMember(all, point, "db", undefined), "/var/x")).toThrow(/several hosts/);
  });

  test("is read as an absolute one without detours", () => {
    expect(parseBackupPath("/a//b/./c/")).toBe("/a/b/c");
    expect(parseBackupPath(undefined)).toBe("/");
    expect(() => parseBackupPath("a")).toThrow(/not absolute/);
    expect(() => parseBackupPath("/a/../b")).toThrow(/leads out/);
    expect(isInFolder("/ab", "/a")).toBe(false);
    expect(isInFolder("/a/b", "/a")).toBe(true);
  });
});

test("a place is a point, and maybe a member", () => {
  expect(parsePlaceWord("shop-1:web")).toEqual({ point: "shop-1", member: "web" });
  expect(parsePlaceWord("shop-1")).toEqual({ point: "shop-1", member: undefined });
  for (const word of [":web", "a:", "a:b:c", ""]) expect(() => parsePlaceWord(word)).toThrow(/is no place/);
});

test("lines of restic's list are files, or about the snapshot", () => {
  expect(readListedFile('{"struct_type":"snapshot","paths":["/data"]}')).toBeUndefined();
  expect(readListedFile("no json")).toBeUndefined();
  expect(
    readListedFile(
      '{"path":"/a","type":"file","size":3,"permissions":"-rw-r--r--","mtime":"2030-01-01T00:00:00.123Z"}',
    ),
  ).toEqual({
    path: "/a",
    type: "file",
    mode: "-rw-r--r--",
    sizeBytes: 3,
    modifiedAt: "2030-01-01T00:00:00Z",
  });
});

test("a line of the list fits into the terminal, and is whole where nobody looks", () => {
  const file = {
    path: `/data/${"deep/".repeat(20)}file`,
    type: "file",
    mode: "-rw-r--r--",
    sizeBytes: 3,
    modifiedAt: "2030-01-01T00:00:00Z",
  };
  for (const width of [20, 40, 80, 120]) expect([...formatFile(file, width)].length).toBeLessThanOrEqual(width);
  expect(formatFile(file, 40)).toMatch(/^ +3 B {2}\/data/);
  expect(formatFile(file, undefined)).toContain(file.path);
});
