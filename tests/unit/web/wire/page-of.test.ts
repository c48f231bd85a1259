/** Pages of an answer. */
import { expect, test } from "vitest";
import { pageOf } from "../../../../web/wire/page-of.ts";

const ROWS = Array.from({ length: 120 }, (_one, at) => at);

test.each([
  [undefined, 0, 50],
  ["1", 1, 50],
  ["2", 2, 20],
  ["3", 2, 20],
  ["99999999999999999999", 2, 20],
  ["-1", 0, 50],
  ["1.5", 0, 50],
  ["x", 0, 50],
])("page %s is page %i with %i rows", (wanted, page, count) => {
  const found = pageOf(ROWS, wanted);
  expect(found).toMatchObject({ total: 120, page });
  expect(found.rows).toHaveLength(count);
  expect(found.rows[0]).toBe(page * 50);
});

test("of nothing there is one page without rows", () => {
  expect(pageOf([], "4")).toEqual({ total: 0, page: 0, pageSize: 50, rows: [] });
});
