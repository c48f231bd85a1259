import { describe, expect, test } from "vitest";
import {
  formatBar,
  formatBytes,
  formatMember,
  formatTable,
  formatTimeline,
  shareOf,
} from "../../../../cli/runs/format.ts";
import type { MemberState } from "../../../../cli/runs/member-state.ts";

function aMember(change: Partial<MemberState> = {}): MemberState {
  return {
    name: "db",
    phase: "Running",
    percent: undefined,
    bytesDone: undefined,
    note: "",
    startedAt: undefined,
    finishedAt: undefined,
    ...change,
  };
}

test("sizes are told in the unit that fits", () => {
  expect([0, 1_023, 1_024, 55_355_678, 3 * 1024 ** 4].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "52.8 MiB",
    "3072.0 GiB",
  ]);
});

test("a bar has its width whatever the share is", () => {
  expect([-1, 0, 0.5, 1, 7].map((share) => formatBar(share, 4))).toEqual(["░░░░", "░░░░", "██░░", "████", "████"]);
});

describe("a member", () => {
  test("that runs tells percent and bytes, and one without a known end only bytes", () => {
    expect(formatMember(aMember({ percent: 41.7, bytesDone: 2_048 }))).toBe("db      Running    42 %  2.0 KiB");
    expect(formatMember(aMember({ percent: 0, bytesDone: 2_048 }))).toBe("db      Running    2.0 KiB");
  });

  test("that is over tells no progress any more, and what went wrong", () => {
    const failed = aMember({ phase: "Failed", percent: 12, bytesDone: 99, note: "wrong password" });
    expect(formatMember(failed)).toBe("db      Failed     wrong password");
  });

  test("that succeeded is done whatever its last heartbeat said; one that failed is not", () => {
    expect(shareOf(aMember({ phase: "Succeeded", percent: 3 }))).toBe(1);
    expect(shareOf(aMember({ phase: "Failed", percent: 3 }))).toBe(0.03);
  });
});

describe("a timeline", () => {
  const at = (name: string, startedAt: number, finishedAt: number) => aMember({ name, startedAt, finishedAt });

  test("puts all members on one axis, in their order", () => {
    expect(formatTimeline([at("db", 1_000, 3_000), at("files", 3_000, 5_000)], 8)).toEqual([
      "db      ████····  0.0 s to 2.0 s",
      "files   ····████  2.0 s to 4.0 s",
    ]);
  });

  test("shows the shortest work, also at the very end", () => {
    expect(formatTimeline([at("db", 0, 10_000), at("files", 10_000, 10_000)], 5)).toEqual([
      "db      █████  0.0 s to 10.0 s",
      "files   ····█  10.0 s to 10.0 s",
    ]);
  });

  test("leaves out members that never worked", () => {
    expect(formatTimeline([aMember(), at("files", 5, 5)], 3)).toEqual(["files   █··  0.0 s to 0.0 s"]);
  });
});

test("columns of a table are as wide as their widest cell", () => {
  expect(
    formatTable([
      ["a", "bb", "c"],
      ["long", "b", ""],
    ]),
  ).toEqual(["a      bb   c", "long   b"]);
});
