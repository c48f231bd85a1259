import { describe, expect, test } from "vitest";
import { compareEntry } from "../../../../agent/verify/decide-entry.ts";
import type { SeenEntry } from "../../../../agent/verify/gather-entry.ts";
import { type ListedEntry, readListedEntry } from "../../../../agent/verify/listed-entry.ts";

const WANTED: ListedEntry = { path: "/data/a", type: "file", uid: 33, gid: 33, size: 5, mode: 0o640, mtimeMs: 10_000 };
const SEEN: SeenEntry = {
  kind: "file",
  uid: 33,
  gid: 33,
  size: 5,
  mode: 0o640,
  mtimeMs: 10_000,
  inode: 7,
  links: 1,
};

function codes(wanted: Partial<ListedEntry>, seen: Partial<SeenEntry> | undefined, areOwnersSet = true) {
  const found = compareEntry({ ...WANTED, ...wanted }, seen && { ...SEEN, ...seen }, areOwnersSet);
  return found.map(({ code }) => code);
}

describe("what came back", () => {
  test("as it is in the snapshot is no finding", () => {
    expect(codes({}, {})).toEqual([]);
  });

  test.each<[string, Partial<ListedEntry>, Partial<SeenEntry> | undefined, readonly string[]]>([
    ["is not there", {}, undefined, ["RESTORED_FILE_MISSING"]],
    ["is of another type", {}, { kind: "symlink" }, ["RESTORED_FILE_DIFFERS"]],
    ["has another size", {}, { size: 4 }, ["RESTORED_FILE_DIFFERS"]],
    ["has another owner", {}, { uid: 0 }, ["RESTORED_METADATA_DIFFERS"]],
    ["has another group", {}, { gid: 0 }, ["RESTORED_METADATA_DIFFERS"]],
    ["has another mode", {}, { mode: 0o644 }, ["RESTORED_METADATA_DIFFERS"]],
    ["lost its set-user bit", { mode: 0o4755 }, { mode: 0o755 }, ["RESTORED_METADATA_DIFFERS"]],
    ["has another time", {}, { mtimeMs: 11_000 }, ["RESTORED_METADATA_DIFFERS"]],
    [
      "has both another size and another mode",
      {},
      { size: 4, mode: 0 },
      ["RESTORED_FILE_DIFFERS", "RESTORED_METADATA_DIFFERS"],
    ],
  ])("that %s is one", (_what, wanted, seen, found) => {
    expect(codes(wanted, seen)).toEqual(found);
  });

  test.each<[string, Partial<ListedEntry>, Partial<SeenEntry> | undefined]>([
    ["a socket, which restic leaves out", { type: "socket" }, undefined],
    ["the time of a folder", { type: "dir" }, { kind: "dir", mtimeMs: 0 }],
    ["the size of a folder", { type: "dir", size: 0 }, { kind: "dir", size: 4_096 }],
    ["the mode of a link", { type: "symlink" }, { kind: "symlink", mode: 0 }],
    ["parts of a second", {}, { mtimeMs: 10_999 }],
    ["a time that nobody can read", { mtimeMs: undefined }, { mtimeMs: 0 }],
  ])("%s does not count", (_what, wanted, seen) => {
    expect(codes(wanted, seen)).toEqual([]);
  });

  test("where nobody could set owners they don't count, and modes do", () => {
    expect(codes({}, { uid: 0, gid: 0 }, false)).toEqual([]);
    expect(codes({}, { uid: 0, mode: 0 }, false)).toEqual(["RESTORED_METADATA_DIFFERS"]);
  });

  test("that can't be looked at is told with the system's words", () => {
    expect(compareEntry(WANTED, { fault: "EIO: i/o error" }, true)).toMatchObject([
      { code: "RESTORED_FILE_MISSING", message: expect.stringContaining("EIO") },
    ]);
  });

  test("a time beyond all calendars is told, and breaks nothing", () => {
    expect(codes({ mtimeMs: 9e15 }, {})).toEqual(["RESTORED_METADATA_DIFFERS"]);
  });
});

test("the bits that Go keeps elsewhere are read as those of a file", () => {
  const mode = (goMode: number) => readListedEntry({ path: "/a", type: "file", mode: goMode })?.mode;
  expect(mode(0o644)).toBe(0o644);
  expect(mode(8_389_101)).toBe(0o4755);
  expect(mode(0o755 | (1 << 22))).toBe(0o2755);
  expect(mode(0o777 | (1 << 20))).toBe(0o1777);
  expect(readListedEntry({ path: 7, type: "file" })).toBeUndefined();
});
