import { expect, test } from "vitest";
import { processTerminal } from "../../../../cli/terminal/interface.ts";
import { plainText } from "../../../../cli/terminal/plain-text.ts";
import { styled } from "../../../../cli/terminal/style.ts";
import { formatTable } from "../../../../cli/terminal/table.ts";
import { formatAge, formatSince, formatUntil } from "../../../../cli/terminal/times.ts";

interface Row {
  readonly name: string;
  readonly message: string;
  readonly node?: string;
}

const COLUMNS = [
  { heading: "NAME", cell: ({ name }: Row) => name },
  { heading: "NODE", cell: ({ node }: Row) => node ?? "-", isWide: true },
  { heading: "MESSAGE", cell: ({ message }: Row) => message, mayShrink: true },
];
const ROWS: readonly Row[] = [
  { name: "shop", message: "all is well and there is nothing more to say of it" },
  { name: "blog-with-a-name", message: "in a\nhurry", node: "n1" },
];

test("columns are as wide as their widest cell, and line ends inside of cells are blanks", () => {
  expect(formatTable(ROWS.slice(1), COLUMNS, { isWide: false, width: undefined })).toEqual([
    "NAME               MESSAGE",
    "blog-with-a-name   in a hurry",
  ]);
});

test("wide columns are for -o wide", () => {
  expect(formatTable(ROWS, COLUMNS, { isWide: true, width: undefined })[0]).toMatch(/^NAME +NODE +MESSAGE$/);
});

test("no line is longer than the terminal is wide, and what is cut is told", () => {
  for (const width of [20, 30, 40]) {
    const lines = formatTable(ROWS, COLUMNS, { isWide: true, width });
    for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(width);
    expect(lines.join("\n")).toContain("…");
  }
});

test("signs of two columns are counted as two", () => {
  const [, line = ""] = formatTable([{ name: "備份", message: "x" }], COLUMNS, { isWide: false, width: undefined });
  expect(line).toBe("備份   x");
});

test("ages are short and two units at most", () => {
  const minute = 60_000;
  expect([5_000, 119_000, 10 * minute, 190 * minute, 180 * minute, 50 * 60 * minute].map(formatAge)).toEqual([
    "5s",
    "119s",
    "10m",
    "3h10m",
    "3h",
    "2d",
  ]);
  expect(formatSince(undefined, 0)).toBe("-");
  expect(formatUntil("2030-01-01T00:10:00Z", Date.parse("2030-01-01T00:00:00Z"))).toBe("in 10m");
});

test("colours are for terminals alone, and not with NO_COLOR", () => {
  const tty = { isTTY: true, columns: 100, write: () => true };
  const pipe = { write: () => true };
  expect(styled(processTerminal({}, tty, tty), "red", "x")).toBe("\u001b[31mx\u001b[0m");
  expect(styled(processTerminal({ NO_COLOR: "1" }, tty, tty), "red", "x")).toBe("x");
  expect(styled(processTerminal({ TERM: "dumb" }, tty, tty), "red", "x")).toBe("x");
  expect(styled(processTerminal({}, pipe, tty), "red", "x")).toBe("x");
});

test("a pipe has no width, unless COLUMNS says one", () => {
  const pipe = { write: () => true };
  expect(processTerminal({}, pipe, pipe).width).toBeUndefined();
  expect(processTerminal({ COLUMNS: "40" }, pipe, pipe).width).toBe(40);
});

test("texts of others can't steer the terminal", () => {
  expect(plainText("a\u001b[2Jb\u0007\tc\nd\u009b")).toBe("a\ufffd[2Jb\ufffd\tc\nd\ufffd");
});
