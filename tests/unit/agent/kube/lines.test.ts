import { expect, test } from "vitest";
import { createLineSplitter } from "../../../../agent/kube/lines.ts";

function split(chunks: readonly Buffer[], maxBytes?: number): readonly string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line), maxBytes);
  for (const chunk of chunks) splitter.feed(chunk);
  splitter.end();
  return lines;
}

test("lines come whole however the stream is cut, characters included", () => {
  const text = Buffer.from("erste Zeile: äöü\n\nzweite: 🙂\nohne Ende");
  for (let size = 1; size <= text.length; size++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < text.length; at += size) chunks.push(text.subarray(at, at + size));
    expect(split(chunks)).toEqual(["erste Zeile: äöü", "", "zweite: 🙂", "ohne Ende"]);
  }
});

test("a line without end does not fill the memory", () => {
  expect(split([Buffer.from("aaaa"), Buffer.from("bbbb"), Buffer.from("cc")], 8)).toEqual(["aaaabbbb", "cc"]);
});
