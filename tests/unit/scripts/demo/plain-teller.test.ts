import { expect, test } from "vitest";
import type { MemberState } from "../../../../cli/runs/member-state.ts";
import { createPlainTeller } from "../../../../scripts/demo/terminal/plain-teller.ts";
import { untilAborted } from "../../../../scripts/demo/terminal/teller.ts";

const member = (phase: string, percent: number, note = ""): MemberState => ({
  name: "db",
  phase,
  percent,
  bytesDone: undefined,
  note,
  startedAt: undefined,
  finishedAt: undefined,
});

function listen() {
  const lines: string[] = [];
  const teller = createPlainTeller((text) => lines.push(text.replace(/^\n?\s*\d+\.\d s\s*/, "").trimEnd()));
  return { lines, teller };
}

test("a member has a line for each step, and none for each percent", () => {
  const { lines, teller } = listen();
  teller.chapter("Backup");
  teller.showMembers([member("Running", 10)]);
  teller.showMembers([member("Running", 60)]);
  teller.showMembers([member("Running", 60, "postBackup Running")]);
  teller.showMembers([member("Succeeded", 100)]);
  expect(lines).toEqual([
    "== Backup",
    "db      Running    10 %",
    "db      Running    60 %  postBackup Running",
    "db      Succeeded",
  ]);
});

test("the same step in the next chapter is told again", () => {
  const { lines, teller } = listen();
  teller.showMembers([member("Running", 0)]);
  teller.chapter("Next");
  teller.showMembers([member("Running", 0)]);
  expect(lines).toEqual(["db      Running", "== Next", "db      Running"]);
});

test("a story that was interrupted falls silent", () => {
  const { lines, teller } = listen();
  const controller = new AbortController();
  const story = untilAborted(teller, controller.signal);
  story.say("before");
  controller.abort();
  story.say("after");
  story.chapter("after");
  story.showMembers([member("Running", 0)]);
  expect(lines).toEqual(["before"]);
});
