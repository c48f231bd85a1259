import { expect, test } from "vitest";
import { compareEvidence, type Evidence, type Fact, parseTables } from "../../../../scripts/demo/evidence.ts";

const page = (name: string, value: string): Fact => ({ kind: "page", name, value });
const evidence = (...facts: readonly Fact[]): Evidence => ({ facts, servedBytes: 7, fileBytes: 9 });

test("the same evidence has no differences, and counts what was compared", () => {
  const same = evidence(page("/", "200 a"), { kind: "table", name: "wp_posts", value: "h" });
  expect(compareEvidence(same, same)).toEqual({
    pages: 1,
    tables: 1,
    files: 0,
    servedBytes: 7,
    fileBytes: 9,
    differences: [],
  });
});

test("what is missing, different or new is a difference, each by its name", () => {
  const before = evidence(page("/", "200 a"), page("/gone", "200 b"));
  const after = evidence(page("/", "200 c"), { kind: "file", name: "/gone", value: "200 b" });
  expect(compareEvidence(before, after).differences).toEqual([
    "page / differs: 200 a became 200 c",
    "page /gone is missing",
    "file /gone is new",
  ]);
});

test("each line of the tables' script is one table", () => {
  expect(parseTables("wp_posts abc\nwp_users def\n")).toEqual([
    { kind: "table", name: "wp_posts", value: "abc" },
    { kind: "table", name: "wp_users", value: "def" },
  ]);
});
