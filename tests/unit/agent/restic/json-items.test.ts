import fc from "fast-check";
import { expect, test } from "vitest";
import { createItemSplitter } from "../../../../agent/restic/json-items.ts";

function itemsOf(bytes: Buffer, sizes: readonly number[]): readonly unknown[] {
  const items: unknown[] = [];
  const splitter = createItemSplitter((text) => items.push(JSON.parse(text)));
  for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    splitter.feed(bytes.subarray(from, from + size));
    from += size;
  }
  return items;
}

test("every object of the list comes whole, wherever the stream is cut", () => {
  const item = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(item), sizes, fc.boolean(), (list, cuts, isPretty) => {
      const text = JSON.stringify(list, undefined, isPretty ? 1 : undefined);
      expect(itemsOf(Buffer.from(text), cuts)).toEqual(JSON.parse(text));
    }),
  );
});

test("an empty repository has no items, in every version's words", () => {
  for (const text of ["", "null", "[]", "[]\n"]) expect(itemsOf(Buffer.from(text), [1])).toEqual([]);
});

test("words that stand before the list are none of it", () => {
  expect(itemsOf(Buffer.from('repository "a" opened\n[{"id":"a}"}]'), [3])).toEqual([{ id: "a}" }]);
});

test("D21: each item is handed out as soon as it is there, so a list of 100,000 snapshots is never held", () => {
  const text = JSON.stringify({ id: "a".repeat(64), time: "2026-01-01T00:00:00Z", tags: ["x".repeat(600)] });
  const chunk = Buffer.from(`,${text}`);
  let count = 0;
  const splitter = createItemSplitter((item) => {
    expect(item).toHaveLength(text.length);
    count += 1;
  });
  splitter.feed(Buffer.from("["));
  for (let turn = 1; turn <= 100_000; turn += 1) {
    splitter.feed(chunk);
    if (count !== turn) throw new Error(`item ${turn} was held back`);
  }
});
