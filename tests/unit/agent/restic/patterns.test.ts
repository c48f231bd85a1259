import { describe, expect, test } from "vitest";
import { allPatterns, createSelection } from "../../../../agent/restic/patterns.ts";

const isIncluded = (pattern: string, path: string) => createSelection({ include: [pattern], exclude: [] })(path);

test.each<[pattern: string, path: string, isMatch: boolean]>([
  ["/data/releases", "/data/releases", true],
  ["/data/releases", "/data/releases/7/index", true],
  ["/data/releases/", "/data/releases/7", true],
  ["/data/releses", "/data/releases/7", false],
  ["/data", "/database", false],
  ["/data", "/srv/data", false],
  ["data", "/srv/data/x", true],
  ["srv/data", "/srv/data/x", true],
  ["*.log", "/data/a.log", true],
  ["*.log", "/data/a.log.1", false],
  ["/data/*/x", "/data/a/x", true],
  ["/data/*/x", "/data/a/b/x", false],
  ["/data/**/x", "/data/a/b/x", true],
  ["/data/**/x", "/data/x", true],
  ["/data/x/**", "/data/x", true],
  ["/data/x/**/**", "/data/x", false],
  ["/data/x/**/**", "/data/x/y", true],
  ["/data/?", "/data/ab", false],
  ["/data/[2024] photos", "/data/[2024] photos/a", false],
  ["/data/[2024] photos", "/data/2 photos/a", true],
  ["/data/\\[2024\\] photos", "/data/[2024] photos/a", true],
  ["/data/[a-c]x", "/data/bx", true],
  ["/data/[^a-c]x", "/data/bx", false],
  ["/data/[", "/data/[", false],
  ["/data/a.b", "/data/aXb", false],
  ["/data/./a//b", "/data/a/b", true],
  ["", "/data", false],
  ["/", "/data", true],
])("%s and %s: %s", (pattern, path, isMatch) => {
  expect(isIncluded(pattern, path)).toBe(isMatch);
});

test("what is excluded is not selected, whatever includes it", () => {
  const isSelected = createSelection({ include: ["/data"], exclude: ["*.log"] });
  expect([isSelected("/data/a"), isSelected("/data/a.log"), isSelected("/srv/a")]).toEqual([true, false, false]);
});

describe("patterns among further arguments", () => {
  const none = { include: [], exclude: [] };

  test("are read however they are written", () => {
    const args = ["--include", "/a", "--include=/b=c", "-i", "/d", "-e/x", "--exclude=/y", "--verify"];
    expect(allPatterns({ include: ["/r"], exclude: [] }, args)).toEqual({
      include: ["/r", "/a", "/b=c", "/d"],
      exclude: ["/x", "/y"],
    });
  });

  test.each([
    ["--include-file=/f"],
    ["--iinclude", "/a"],
    ["--exclude-file", "/f"],
    ["--iexclude=a"],
    ["--exclude=!a"],
  ])("that only restic can read leave it to restic: %s", (...args) => {
    expect(allPatterns(none, args)).toBeUndefined();
  });
});
