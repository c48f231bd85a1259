import { expect, test } from "vitest";
import { readSnapshotNames } from "../../../../cli/delete/run.ts";

test("snapshots are named as upstream does, or by their ids and the Repository", () => {
  expect(readSnapshotNames(["my-store-0123abcd"], undefined)).toEqual({ repository: "my-store", ids: ["0123abcd"] });
  expect(readSnapshotNames(["0123abcd", "4567cdef"], "store")).toEqual({
    repository: "store",
    ids: ["0123abcd", "4567cdef"],
  });
});

test.each([
  [["latest"], undefined, /is no snapshot/],
  [["--all"], "store", /is no snapshot/],
  [["0123abcd"], undefined, /of which Repository/],
  [["a-0123abcd", "b-4567cdef"], undefined, /several Repositories/],
])("%j of %s is refused", (names, repository, words) => {
  expect(() => readSnapshotNames(names, repository)).toThrow(words);
});
