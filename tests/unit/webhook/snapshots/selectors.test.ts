import { expect, test } from "vitest";
import { parseFieldSelector, parseLabelSelector } from "../../../../webhook/snapshots/selectors.ts";

const LABELS = { repository: "store", hostname: "host-0", "a.b/c": "" };

test.each<[string, boolean]>([
  ["", true],
  ["repository=store", true],
  ["repository == store , hostname", true],
  ["repository!=store", false],
  ["absent!=x", true],
  ["!absent", true],
  ["!hostname", false],
  ["hostname in (x, host-0)", true],
  ["hostname in (x),repository=store", false],
  ["hostname notin (x,host-0)", false],
  ["absent notin (x)", true],
  ["a.b/c=", true],
  ["a.b/c in ()", true],
  ["constructor", false],
  ["constructor in (x)", false],
])("the label selector %j: %s", (text, matches) => {
  expect(parseLabelSelector(text)(LABELS)).toBe(matches);
});

test.each([
  "=",
  "a=b=c",
  "a in b",
  "a in (b",
  "a in (b c)",
  "a in ((b))",
  "a,,b",
  "a b",
  "a<1",
  `a=${"x".repeat(5_000)}`,
  Array.from({ length: 100 }, (_, index) => `a${index}`).join(","),
])("%j is no label selector", (text) => {
  expect(() => parseLabelSelector(text)).toThrow(/requirement|characters/);
});

test("a selector of many characters is read in no time", () => {
  const startedAt = performance.now();
  for (const text of [
    `${"a-".repeat(2_000)} `,
    `${"(".repeat(4_000)}`,
    `!${" ".repeat(4_000)}a=`,
    `a${" ".repeat(4_000)}`,
  ]) {
    try {
      parseLabelSelector(text);
    } catch {
      // Most are none.
    }
  }
  expect(performance.now() - startedAt).toBeLessThan(250);
});

const FIELDS = { "metadata.name": "a-00000001", "metadata.namespace": "demo", "status.hostname": "h,1" };

test.each<[string, boolean, string | undefined]>([
  ["", true, undefined],
  ["metadata.name=a-00000001", true, "a-00000001"],
  ["metadata.name==b", false, "b"],
  ["metadata.name!=b,metadata.namespace=demo", true, undefined],
  ["status.repository=x", false, undefined],
])("the field selector %j: %s", (text, matches, name) => {
  const selector = parseFieldSelector(text);
  expect([selector.matches(FIELDS), selector.name]).toEqual([matches, name]);
});

test.each(["metadata.uid=x", "__proto__=x", "metadata.name", "=x"])("%j is no field selector", (text) => {
  expect(() => parseFieldSelector(text)).toThrow(/not supported|unable to parse/);
});
