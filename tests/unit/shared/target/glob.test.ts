import fc from "fast-check";
import { expect, test } from "vitest";
import { UserError } from "../../../../shared/errors.ts";
import { replaceMatch, stripMatch } from "../../../../shared/target/glob.ts";
import { timed } from "../../../support/cpu-time.ts";

/** Whether a glob matches a whole text, by trying everything. */
function matches(glob: readonly string[], text: string): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text === "";
  if (first === "*") return matches(rest, text) || (text !== "" && matches(glob, text.slice(1)));
  return text !== "" && (first === "?" || first === text[0]) && matches(rest, text.slice(1));
}

test("the shortest and the longest match of either end is taken away", () => {
  const letters = fc.array(fc.constantFrom("a", "b", "-"), { maxLength: 7 }).map((all) => all.join(""));
  const globs = fc.array(fc.constantFrom("a", "b", "*", "?", "-"), { maxLength: 5 });
  fc.assert(
    fc.property(letters, globs, fc.constantFrom("#", "##", "%", "%%"), (value, glob, operator) => {
      const sizes = Array.from({ length: value.length + 1 }, (_, at) => at);
      const isStart = operator.startsWith("#");
      const partOf = (size: number) => (isStart ? value.slice(0, size) : value.slice(value.length - size));
      const fitting = sizes.filter((size) => matches(glob, partOf(size)));
      const size = (operator.length === 2 ? fitting.at(-1) : fitting[0]) ?? 0;
      const expected = isStart ? value.slice(size) : value.slice(0, value.length - size);
      expect(stripMatch(value, operator, glob.join(""))).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("characters of two code units stay whole", () => {
  expect(stripMatch("a😀b😀", "%", "😀")).toBe("a😀b");
  expect(stripMatch("😀b", "#", "?")).toBe("b");
  expect(replaceMatch("a😀b", "//", "?/x")).toBe("xxx");
});

test("S8: many stars take no longer than one", () => {
  const value = "a".repeat(60_000);
  const { cpuMs } = timed(() => {
    expect(stripMatch(value, "##", `${"*a".repeat(100)}*b`)).toBe(value);
    expect(stripMatch(value, "%", `b${"*a".repeat(100)}`)).toBe(value);
    expect(replaceMatch(value, "//", `${"a*".repeat(100)}b/x`)).toBe(value);
  });
  expect(cpuMs).toBeLessThan(2_000);
});

test("S8: what is too long to be matched, or becomes too long, is refused", () => {
  expect(() => stripMatch("a", "#", "a".repeat(300))).toThrow(UserError);
  expect(() => stripMatch("a".repeat(70_000), "#", "a")).toThrow(UserError);
  expect(() => replaceMatch("a".repeat(60_000), "//", `a/${"b".repeat(60_000)}`)).toThrow(UserError);
});
