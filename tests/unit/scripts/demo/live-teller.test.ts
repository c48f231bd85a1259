import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import type { MemberState } from "../../../../cli/runs/member-state.ts";
import { createLiveTeller } from "../../../../scripts/demo/terminal/live-teller.ts";

const SHOW_CURSOR = "\u001b[?25h";

const member = (name: string, phase: string, percent: number): MemberState => ({
  name,
  phase,
  percent,
  bytesDone: undefined,
  note: "",
  startedAt: undefined,
  finishedAt: undefined,
});

function aTerminal(columns: number) {
  const chunks: string[] = [];
  const terminal = Object.assign(new PassThrough(), { columns, isTTY: true });
  terminal.on("data", (chunk: Buffer) => chunks.push(chunk.toString("utf8")));
  return { terminal, written: () => chunks.join("") };
}

test("facts and the last state of each member stay on the terminal, and the cursor comes back", () => {
  const { terminal, written } = aTerminal(120);
  const teller = createLiveTeller(terminal);
  teller.chapter("Backup");
  teller.say("it begins");
  teller.showMembers([member("db", "Running", 50)]);
  expect(stripVTControlCharacters(written())).toContain("██████████████░░░░░░░░░░░░░░  db      Running    50 %");
  teller.showMembers([member("db", "Succeeded", 50)]);
  teller.chapter("Restore");
  teller.end();
  const text = stripVTControlCharacters(written());
  const after = text.slice(text.lastIndexOf("Backup"));
  expect(after).toContain("  it begins\n");
  expect(after).toContain("  ████████████████████████████  db      Succeeded\n");
  expect(after.indexOf("Succeeded\n")).toBeLessThan(after.indexOf("Restore"));
  expect(written().lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(written().lastIndexOf("Restore"));
});

test("a line that moves is never longer than the terminal, or it could not be drawn over", () => {
  const { terminal, written } = aTerminal(40);
  const teller = createLiveTeller(terminal);
  teller.chapter("B");
  teller.showMembers([
    { ...member("db", "Running", 50), note: "a note that is much longer than the terminal is wide" },
  ]);
  const lines = stripVTControlCharacters(written()).split("\n");
  expect(lines.some((line) => line.includes("db"))).toBe(true);
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(40);
  teller.end();
});
