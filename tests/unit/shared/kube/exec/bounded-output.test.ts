import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BoundedOutput } from "../../../../../shared/kube/exec/bounded-output.ts";
import { parseExecEnd } from "../../../../../shared/kube/exec/protocol.ts";

function outputOf(pieces: readonly Buffer[], headBytes: number, tailBytes: number): string {
  const output = new BoundedOutput(headBytes, tailBytes);
  for (const piece of pieces) output.push(piece);
  return output.text();
}

describe("a bounded output", () => {
  test("is whole where it fits", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 5 })), (texts) => {
        const bytes = Buffer.from(texts.join(""));
        const half = Math.ceil(bytes.length / 2);
        expect(
          outputOf(
            texts.map((text) => Buffer.from(text)),
            half,
            half,
          ),
        ).toBe(texts.join(""));
      }),
    );
  });

  test("keeps beginning and end, says how much is left out, and cuts no character", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", minLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.nat(9),
        fc.nat(9),
        (text, size, head, tail) => {
          const bytes = Buffer.from(text);
          const pieces: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
          const match = /^([\s\S]*)\n\.\.\. (\d+) bytes left out \.\.\.\n([\s\S]*)$/.exec(outputOf(pieces, head, tail));
          expect(match?.[1] !== undefined && text.startsWith(match[1])).toBe(true);
          expect(match?.[3] !== undefined && text.endsWith(match[3])).toBe(true);
          expect(Number(match?.[2])).toBe(bytes.length - head - tail);
        },
      ),
    );
  });

  test("stays small however much is written", () => {
    const output = new BoundedOutput(1_000, 1_000);
    const piece = Buffer.alloc(64 * 1024, "x");
    for (let i = 0; i < 1_600; i += 1) output.push(piece);
    expect(output.totalBytes).toBe(104_857_600);
    expect(output.text().length).toBeLessThan(2_100);
  });
});

describe("the end of a command", () => {
  test.each([
    ['{"status":"Success"}', { kind: "exited", exitCode: 0 }],
    [
      '{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}',
      { kind: "exited", exitCode: 3 },
    ],
    ['{"status":"Failure","message":"no such program"}', { kind: "notRun", detail: "no such program" }],
    ["what?", { kind: "notRun", detail: "what?" }],
    [
      '{"status":"Failure","message":"m","details":{"causes":[{"reason":"ExitCode","message":"0"}]}}',
      { kind: "notRun", detail: "m" },
    ],
  ])("%s", (text, end) => {
    expect(parseExecEnd(text)).toEqual(end);
  });
});
