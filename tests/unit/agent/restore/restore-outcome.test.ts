import { describe, expect, test } from "vitest";
import type { ResticExit } from "../../../../agent/restic/run.ts";
import { isInTheWay } from "../../../../agent/restore/conflicts.ts";
import { parseRestoreLine } from "../../../../agent/restore/messages.ts";
import { errorsOfRestored, isDataWhole, itemWarnings, restoreFault } from "../../../../agent/restore/outcome.ts";
import { buildRestoreProgress } from "../../../../agent/restore/progress.ts";
import { UserError } from "../../../../shared/errors.ts";

function anExit(change: Partial<ResticExit> = {}): ResticExit {
  const tail = ["Fatal: There were 2 errors"];
  return { code: 1, signal: undefined, stopped: undefined, tail, durationMs: 1, ...change };
}

describe("what restic says while it restores", () => {
  test("up to 0.15 in words", () => {
    expect(parseRestoreLine("ignoring error for /data/a: b: lchown /data/a: b: operation not permitted")).toEqual({
      kind: "item-error",
      item: "/data/a: b",
      text: "lchown /data/a: b: operation not permitted",
    });
  });

  test("from 0.16 on as JSON", () => {
    const status =
      '{"message_type":"status","percent_done":0.5,"total_files":4,"files_restored":2,"total_bytes":10,"bytes_restored":5}';
    expect(parseRestoreLine(status)).toEqual({
      kind: "progress",
      progress: { bytesDone: 5, bytesTotal: 10, filesDone: 2, filesTotal: 4 },
    });
    const error = '{"message_type":"error","error":{"message":"no"},"during":"restore","item":"/x"}';
    expect(parseRestoreLine(error)).toEqual({ kind: "item-error", item: "/x", text: "no" });
    expect(parseRestoreLine("restoring <Snapshot abc> to /")).toEqual({ kind: "other" });
  });
});

describe("errors of folders above the restored paths", () => {
  const paths = ["/source/data"];
  const of = (item: string) => ({ item, text: "chmod: read-only file system" });

  test("do not matter: a container's read-only root keeps them as they are", () => {
    expect(isDataWhole([of("/source"), of("/")], paths, anExit())).toBe(true);
  });

  test("E13: are no warning either, for none of several paths", () => {
    const several = ["/source/data", "/other/place"];
    const parents = ["/", "/source", "/other", "/source/"].map(of);
    const parts = ["/source/data", "/source/data/x", "/other/place/y", "/otherwise"].map(of);
    expect(errorsOfRestored([...parents, ...parts], several)).toEqual(parts);
    expect(errorsOfRestored([of("/x"), of("/")], ["/"])).toEqual([of("/x"), of("/")]);
  });

  test("matter when anything else went wrong too", () => {
    expect(isDataWhole([of("/source"), of("/source/data/x")], paths, anExit())).toBe(false);
    expect(isDataWhole([of("/source/data")], paths, anExit())).toBe(false);
    expect(isDataWhole([of("/sour")], paths, anExit())).toBe(false);
    expect(isDataWhole([of("/source")], paths, anExit({ tail: ["Fatal: unable to open repository"] }))).toBe(false);
    expect(isDataWhole([of("/source")], paths, anExit({ code: undefined, signal: "SIGKILL" }))).toBe(false);
    expect(isDataWhole([], paths, anExit())).toBe(false);
  });
});

test.each([
  ["no space left on device", "VOLUME_FULL"],
  ["operation not permitted", "PERMISSION_DENIED"],
  ["read-only file system", "PERMISSION_DENIED"],
  ["Invalid file size: expected 3 got 2", "VERIFY_FAILED"],
  ["something else", "RESTIC_FAILED"],
])("files that failed with %s make the restore fail with %s", (text, code) => {
  const fault = new UserError("RESTIC_FAILED", "There were errors");
  expect(restoreFault([{ item: "/a", text }], fault, "restore").code).toBe(code);
});

test("a fault of the repository stays what it is", () => {
  const fault = new UserError("REPOSITORY_WRONG_PASSWORD", "no");
  expect(restoreFault([{ item: "/a", text: "permission denied" }], fault, "restore")).toBe(fault);
});

test("the first twenty items are named, the others counted", () => {
  const errors = Array.from({ length: 23 }, (_, at) => ({ item: `/${at}`, text: "no" }));
  expect(itemWarnings(errors)).toHaveLength(21);
  expect(itemWarnings(errors).at(-1)).toBe("3 more could not be restored as they were");
});

test("progress stays below a hundred and copes with nothing to restore", () => {
  expect(buildRestoreProgress({ bytesDone: 5, bytesTotal: 0, filesDone: 0, filesTotal: 0 }).percent).toBe(0);
  expect(buildRestoreProgress({ bytesDone: 50, bytesTotal: 20, filesDone: 0, filesTotal: 0 }).percent).toBe(100);
});

describe("what stands in the way of a node", () => {
  const entry = (kind: "file" | "dir" | "other", nlink = 1) => ({
    isDirectory: () => kind === "dir",
    isFile: () => kind === "file",
    nlink,
  });

  test.each([
    ["file", entry("file"), false],
    ["file", entry("file", 2), true],
    ["file", entry("other"), true],
    ["symlink", entry("file"), true],
    ["symlink", entry("other"), true],
    ["dir", entry("other"), true],
    ["dir", entry("dir"), false],
    ["file", entry("dir"), false],
  ] as const)("%s over %o: %s", (type, present, isConflict) => {
    expect(isInTheWay(type, present)).toBe(isConflict);
  });
});
