import fc from "fast-check";
import { expect, test } from "vitest";
import { parseListPage, parseWatchEvent, readLines } from "../../../../../shared/kube/client/watch.ts";

async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.max(from, cut % (bytes.length + 1));
    yield bytes.subarray(from, to);
    from = to;
  }
  yield bytes.subarray(from);
}

async function linesOf(bytes: Buffer, cuts: readonly number[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(inPieces(bytes, cuts))) lines.push(line);
  return lines;
}

test("lines come out whole wherever the network cuts them, within characters too", async () => {
  const line = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((text) => !/[\n\r]/.test(text) && text.trim() !== "");
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(2_000)), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      expect(await linesOf(bytes, cuts)).toEqual(lines);
    }),
  );
});

test("what follows the last newline is dropped", async () => {
  expect(await linesOf(Buffer.from('{"a":1}\n{"b":'), [3])).toEqual(['{"a":1}']);
});

test("a line of ten megabytes in small pieces takes no time", async () => {
  const bytes = Buffer.from(`"${"x".repeat(10_000_000)}"\n`);
  const cuts = Array.from({ length: 10_000 }, (_, index) => index * 1_000);
  const startedAt = performance.now();
  const [line] = await linesOf(bytes, cuts);
  expect(line).toHaveLength(10_000_002);
  // Joining the whole line for each piece would copy 50 GB.
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test.each(["", "no", "[]", "{}", '{"type":"NEWS","object":{}}', '{"type":"ADDED"'])("%j is no watch event", (line) => {
  expect(parseWatchEvent(line)).toBeUndefined();
});

test.each([null, {}, { metadata: {} }, { metadata: { resourceVersion: "1" }, items: {} }, []])(
  "%j is no list",
  (value) => {
    expect(parseListPage(value)).toBeUndefined();
  },
);

test("an empty list may have null for its items", () => {
  expect(parseListPage({ kind: "PodList", metadata: { resourceVersion: "1", continue: "" }, items: null })).toEqual({
    items: [],
    resourceVersion: "1",
    next: undefined,
  });
});
