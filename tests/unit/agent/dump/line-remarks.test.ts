import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineRemarks } from "../../../../agent/dump/line-remarks.ts";

const REMARKS = [
  { line: "USE `mysql`;", remark: "accounts" },
  { line: "END", remark: "end" },
];

function remarksOf(chunks: readonly string[]): readonly string[] {
  const lines = createLineRemarks(REMARKS);
  for (const chunk of chunks) lines.feed(Buffer.from(chunk));
  return lines.found();
}

test.each([
  [["-- a dump\nUSE `mysql`;\nCREATE"], ["accounts"]],
  [["USE `mysql`;\n"], ["accounts"]],
  [["a\nUSE `my", "sql`;\nb"], ["accounts"]],
  [["INSERT 'USE `mysql`;\n'"], []],
  [["\nUSE `mysql`; -- more\n"], []],
  [
    ["USE `mysql`;\n", "END\n"],
    ["accounts", "end"],
  ],
])("whole lines are found: %j", (chunks, found) => {
  expect(remarksOf(chunks)).toEqual(found);
});

test("however a dump is cut, the same lines are found", () => {
  const piece = fc.constantFrom("USE `mysql`;", "\n", "END", "x", "USE ", "`mysql`;");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(120), { maxLength: 10 }), (pieces, cuts) => {
      const text = pieces.join("");
      const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
      const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
      expect([...remarksOf(chunks)].sort()).toEqual([...remarksOf([text])].sort());
      expect(remarksOf([text]).includes("accounts")).toBe(`\n${text}`.includes("\nUSE `mysql`;\n"));
    }),
  );
});
