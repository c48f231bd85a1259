import { expect, test } from "vitest";
import type { Snapshot } from "../../../../agent/restic/snapshots.ts";
import { decideRules } from "../../../../cli/gen/decide-rules.ts";

const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 0, minute)).toISOString();

function aSnapshot(id: string, minute: number, hostname: string, path = "/data"): Snapshot {
  return { id: id.repeat(64), time: at(minute), hostname, paths: [path], tags: [] };
}

test("the nearest group before and after, one rule a host; one host alone needs no name", () => {
  const snapshots = [
    aSnapshot("c", 30, "host-0"),
    aSnapshot("a", 0, "host-0"),
    aSnapshot("b", 2, "host-1"),
    aSnapshot("d", 60, "host-0"),
  ];
  expect(decideRules(snapshots, Date.parse(at(10)), 4 * 60_000)).toEqual({
    before: {
      time: at(0),
      rules: [
        { targetHosts: ["host-0"], snapshots: ["aaaaaaaa"] },
        { targetHosts: ["host-1"], snapshots: ["bbbbbbbb"] },
      ],
    },
    after: { time: at(30), rules: [{ snapshots: ["cccccccc"] }] },
  });
});

test("a group with a host twice is of two backups; with two paths of a host it is one", () => {
  const twice = [aSnapshot("a", 0, "host-0"), aSnapshot("b", 1, "host-0")];
  expect(decideRules(twice, Date.parse(at(10)), 4 * 60_000)).toEqual({ before: undefined, after: undefined });
  const paths = [aSnapshot("a", 0, "host-0"), aSnapshot("b", 1, "host-0", "/other")];
  expect(decideRules(paths, Date.parse(at(10)), 4 * 60_000).before?.rules).toEqual([
    { snapshots: ["aaaaaaaa", "bbbbbbbb"] },
  ]);
});
